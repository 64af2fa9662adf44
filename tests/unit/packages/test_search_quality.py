"""The quality of search, measured on judged queries over the names of a real origin.

A judgement lists the names that a person expects among the first ten results. The contract fixes which names match
exactly and their order, so an expected name may follow others: `musl` comes after `bzip2-musl`.
"""

from chalicelib.core.search.name_index import NameIndex
from chalicelib.core.search.search_terms import Terms
from chalicelib.core.shown import Shown
from chalicelib.packages.search.service import found_names
from tests.builders.real_names import REAL_NAMES

FIRST = 10
RECALL, MEAN_RECIPROCAL_RANK = 0.97, 0.96
"""Floors of recall@10 and of the mean reciprocal rank of the first expected name."""

JUDGED = {
    # exact names and beginnings
    "openssl": "openssl openssl-fips openssl-musl openssl11",
    "curl": "curl curl8",
    "nginx": "nginx",
    "redis": "redis redis3 redis4",
    "postgres": "postgresql",
    "postgresql-cl": "postgresql-client",
    "kube": "kubectl kubernetes",
    "elastic": "elasticsearch elasticsearch5",
    "rabbit": "rabbitmq rabbitmqadmin",
    "scaffolding": "scaffolding-base scaffolding-go scaffolding-node scaffolding-ruby",
    "musl": "musl zlib-musl xz-musl",
    "jdk": "jdk7 jdk8 jdk9",
    "docker": "docker docker-compose docker17",
    "terraform": "terraform terraform1",
    "ruby": "ruby ruby30",
    "python3": "python34 python39",
    "vim": "vim",
    "make": "make automake",
    "git": "git",
    "go": "go go14",
    "ffmpeg": "ffmpeg ffmpeg3 ffmpeg4",
    # words and parts
    "exporter": "node_exporter nginx-prometheus-exporter",
    "agent": "buildkite-agent sensu-agent dd-agent shield-agent",
    "headers": "linux-headers linux-headers-musl",
    "static": "bash-static busybox-static coreutils-static",
    "client": "mysql-client postgresql-client",
    "core/zlib": "zlib zlib-musl",
    "core ruby": "ruby",
    "openbsd": "netcat-openbsd",
    "turbo": "libjpeg-turbo",
    "pam": "linux-pam",
    "sdk": "dotnet-core-sdk",
    "tools": "inotify-tools mongo-tools net-tools clang-tools-extra",
    # beside names that match exactly
    "png": "libpng optipng pngcrush pngquant",
    "yaml": "libyaml yaml-cpp",
    "grep": "grep ripgrep",
    "xml": "libxml2 xmlsec1",
    "zip": "zip libzip",
    "linux/util": "util-linux",
    "test": "googletest",
    "proxy": "haproxy shield-proxy wordpress-proxy",
    "event": "libevent",
    "mock": "googlemock",
    "search": "elasticsearch",
    # libraries without or with `lib`
    "jpeg": "libjpeg-turbo openjpeg",
    "sodium": "libsodium libsodium-musl",
    "ffi": "libffi jffi",
    "iconv": "libiconv",
    "pcap": "libpcap",
    "tiff": "libtiff",
    "libncurses": "ncurses ncurses5",
    "libcurl": "curl",
    "libreadline": "readline",
    "libopenssl": "openssl",
    # pieces of words
    "ssl": "openssl libressl boringssl",
    "sql": "mysql postgresql sqlite",
    "magick": "imagemagick",
    "ncurs": "ncurses",
    "stash": "logstash",
    "keeper": "zookeeper",
    "mq": "rabbitmq",
    # typos, and parts in another order
    "ngnix": "nginx",
    "opensll": "openssl",
    "postgersql": "postgresql",
    "kuberntes": "kubernetes",
    "pyhton": "python",
    "elasticsaerch": "elasticsearch",
    "promethues": "prometheus",
    "memcache": "memcached",
    "grafanna": "grafana",
    "zlibb": "zlib",
    "imagemagik": "imagemagick",
    "openshh": "openssh",
    "tools-net": "net-tools",
    "static-bash": "bash-static",
}


def test_expected_names_are_among_the_first_results() -> None:
    index = NameIndex.of({(name, "core"): Shown.EVERYONE for name in REAL_NAMES})
    recalls, ranks = [], []
    for query, judged in JUDGED.items():
        expected = set(judged.split())
        assert expected <= set(REAL_NAMES), query
        found = [name for name, _ in found_names(index, Terms.parse(query), lambda _: False)]
        recalls.append(len(expected.intersection(found[:FIRST])) / min(len(expected), FIRST))
        ranks.append(next((1 / place for place, name in enumerate(found, start=1) if name in expected), 0.0))

    assert len(JUDGED) >= 60
    assert sum(recalls) / len(recalls) >= RECALL
    assert sum(ranks) / len(ranks) >= MEAN_RECIPROCAL_RANK
