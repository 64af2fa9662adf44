"""Names of packages of the public `core` origin, for the quality of search."""


def _words(text: str) -> list[str]:
    return text.split()


REAL_NAMES = _words("""
    7zip R acbuild acl alex alsa-lib ansible ant apr apr-util artifactory artifactory-pro asciinema aspcud
    at-spi2-atk at-spi2-core atk attr autoconf autogen automake avisynthplus aws-cli azure-cli bash bash-completion
    bash-static bats bazel bc bdwgc bdwgc7 bdwgc8 benchmark bind binutils bison bison2 boost boost159 boringssl
    btrfs-progs buildah buildkite-agent buildkite-cli bundler busybox busybox-static bzip2 bzip2-musl c-ares
    cabal-install cacerts caddy cairo camlp4 cargo-nightly ccache cerebro certstrap check chrony clang
    clang-tools-extra clang5 clang7 clens clingo clojure cmake cockroach composer compositeproto concourse
    concourse-fly consul coredns coreutils coreutils-static corretto corretto11 corretto8 cpanminus cpio cppcheck
    cppunit cpputest crate cuda cuda-libs curator curator4 curl curl-static-musl curl8 cyrus-sasl damageproto db
    dbus dcrpm dd-agent dejagnu delmo dep devicemapper dex dgraph dgraph-ratel diffutils direnv dnsmasq docker
    docker-compose docker17 docutils dosfstools dotnet-asp-core dotnet-core dotnet-core-sdk dovecot doxygen dpkg
    dri2proto drupal drush e2fsprogs ed elasticsearch elasticsearch5 elfutils elixir envconsul envdir envoy erlang
    erlang20 erlang21 erlang22 erlang24 erlang25 etcd eudev exercism expat expect fd ffmpeg ffmpeg3 ffmpeg4 file
    filebeat findutils firejail fish fixesproto flatbuffers flex fluentd fontconfig foulkon fping freetds freetype
    fribidi galera gamin gawk gcc gcc-libs gdal gdb gdb7 gdbm gdk-pixbuf gecode geoip geos gettext ghc ghc710
    ghc710-bootstrap ghc80 ghc82 ghc82-bootstrap ghc84 ghc86 ghc88 giflib gifsicle git github_changelog_generator
    glib glibc glproto gmp gnatsd gnupg gnupg-static gnupg2 gnuplot gnutls go go14 go17 go18 go19 go20 go21 go22
    go23 go24 go25 go26 goaccess gobject-introspection gocd-server googlemock googletest goreplay govc gox gperf
    gperftools gpgme gradle gradle4 gradle5 grafana grafana-loki grafana-promtail graphviz grep groff grpc-cpp
    grpcurl grub gsl gtk gtk2 guile gzip handlebars-cmd happy haproxy haproxy16 haproxy17 haproxy18 haproxy19
    haproxy20 haproxy21 harfbuzz helm hspec-discover htop httpd hugo hwloc iana-etc icu icu52 icu56 imagemagick img
    inetutils inotify-tools inputproto intltool iproute2 iptables ipvsadm jbigkit jdk7 jdk8 jdk9 jemalloc jenkins
    jetty jffi jfrog-cli jo journalbeat jq-static jre7 jre8 jre9 jruby jruby1 json-c json-glib kafka kafka0 kafka2
    kbproto kibana kmod krb5 kubectl kubernetes kubernetes-apiserver kubernetes-controller-manager
    kubernetes-kubelet kubernetes-proxy kubernetes-scheduler lastpass-cli lcms2 leiningen leproxy less leveldb
    libaio libarchive libarchive-musl libassuan libatomic_ops libbsd libcap libcap-ng libcerf libcxx libcxxabi
    libdrm libedit libepoxy liberation-fonts-ttf libestr libev libevent libfastjson libfcgi libffi libgcrypt libgd
    libghthash libgpg-error libice libiconv libidn libidn2 libimagequant libjpeg-turbo libksba libmaxminddb libmd
    libmpc libnl libnsl libossp-uuid libpcap libpciaccess libpipeline libpng libpq libpsl libpthread-stubs libressl
    libressl-musl libsasl2 libscrypt libseccomp libsm libsodium libsodium-musl libssh2 libtalloc libtasn1 libtermkey
    libtiff libtirpc libtool libunistring libunwind libuv libvterm libwebp libxau libxcb libxcomposite libxcursor
    libxdamage libxdmcp libxext libxfixes libxi libxml2 libxmu libxrandr libxrender libxscrnsaver libxshmfence
    libxslt libxt libxtst libyajl2 libyaml libzip linux linux-headers linux-headers-musl linux-pam llvm llvm5 llvm7
    local-lib logback logstash logstash2 lsof lsyncd lttng-ust lua luajit lynx lz4 lzip lzo lzop m4 mage make man-db
    man-pages mariadb maven mawk mc memcached mention-bot mercurial mesa meson metricbeat mg minio mksh mongo-tools
    mongodb monit mono4 mono5 mosquitto mpfr msgpack msodbcsql17 mssql musl mysql mysql-client nano nasm
    nats-streaming-server nats-top ncdu ncurses ncurses5 net-tools netcat netcat-openbsd netdata nettle nghttp2
    nginx nginx-prometheus-exporter ninja nload nmap node node10 node11 node12 node14 node16 node18 node20 node6
    node8 node9 node_exporter npth nspr nss nss-myhostname numactl ocaml ocamlbuild omniORB oniguruma opa opam
    openjdk11 openjpeg openldap openresty openssh openssl openssl-fips openssl-musl openssl11 openvpn optipng
    p11-kit p4broker packer pango papi patch patchelf pax-utils pcre percona-xtrabackup perl pester phantomjs php
    php5 pixman pkg-config pngcrush pngquant polipo ponysay popt postfix postgresql postgresql-client postgresql11
    postgresql11-client postgresql12-client postgresql13 postgresql13-client postgresql93 postgresql93-client
    postgresql94 postgresql94-client postgresql95 postgresql95-client postgresql96 postgresql96-client powershell
    procps-ng proj prometheus prometheus-cpp prometheus1 prometheus2 protobuf protobuf-c protobuf-cpp protobuf-rust
    protobuf2 psmisc psscriptanalyzer pv python python-minimal python2 python34 python35 python36 python37 python38
    python39 qemu rabbitmq rabbitmqadmin raml2html randrproto re2c readline readline6 rebar rebar3 recordproto redis
    redis3 redis4 relx renderproto repo restic rethinkdb ripgrep rkt rlwrap rngd rpcsvc-proto rpm rpm2cpio rq rsync
    ruby ruby22 ruby23 ruby24 ruby25 ruby26 ruby27 ruby30 ruby31 ruby32 runc runit rust rust-nightly sassc sbt
    scaffolding-base scaffolding-chef scaffolding-go scaffolding-go17 scaffolding-gradle scaffolding-inspec
    scaffolding-node scaffolding-ruby sccache scons scowl scrnsaverproto sed sensu sensu-agent sensu-backend serf
    shadow shared-mime-info shellcheck shield shield-agent shield-proxy snappy socat spark sqitch sqitch_pg sqlite
    sshpass storm strace stringencoders subversion sudo sumologic swig sysstat systemd tap-xunit tar tcl tcpdump
    telegraf terraform terraform1 texinfo tlog tmux tomcat-native tomcat7 tomcat8 toml-cli tor traefik tree ttyrec
    tzdata unibilium unixodbc unzip userspace-rcu utf8proc util-linux util-macros valgrind varnish vault vde2 vim
    virtualenv vmtouch wal-e wget wget-static which wordpress wordpress-proxy wrk xcb-proto xextproto xeyes xlib
    xmlsec1 xproto xtrans xxhash xz xz-musl yaml-cpp yarn yasm zeromq zip zlib zlib-musl zookeeper zsh zstd
""")
