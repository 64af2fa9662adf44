"""Package names, generated from word lists. They look like the names of operating system packages.

Every name is valid: ASCII letters, digits, `_` and `-` (packages.md section 2).
"""

from local.seed.seeded_random import SeededRandom


def _words(text: str) -> list[str]:
    return text.split()


_WORDS = _words("""
    alder amber anvil arbor atlas badger basalt beacon birch bolt bramble brook cedar cinder cobalt comet copper coral
    crane cypress delta drift ember falcon fathom flint forge garnet glacier granite harbor hazel heron indigo iris
    jasper juniper kestrel lantern larch lotus lumen magnet maple marble meadow mica mistral nectar nimbus onyx opal
    orbit otter pebble pepper piper plume prism quartz quill raven reed ridge robin rowan sable saffron sage sequoia
    shale silo slate sparrow spruce summit tallow tangent teak thistle thorn tidal timber topaz torch tundra umber
    velvet violet walnut willow wren yarrow zephyr
""")
_SUBJECTS = _words("""
    acl arch asn attr audio auth blob bus cap cert chart clock codec color conf crypt date diff disk dns doc draw edit
    elf event exec expr file font form gpg graph grid hash http icon image index ipc json key lang link list lock log
    mail map mesh meta mime mod msg net node note num pack page pam path pcap ping pipe pixel png port print proc proxy
    queue rate regex rpc sched seal shell sig snap sock sort spell sql ssl stat stream sync sys task term text thread
    tiff time token trace tree tty unicode uri usb uuid vm wave web xcb xml yaml zip
""")
_BEGINNINGS = _words("""
    ar bel bo bri ca cor da del dra el fa fen gal gri ha hel hu in ja ka kel lo lu ma mer mi mon na nel o or pel pu que
    ra re rin sa sel so ta tel tor u va vel vi wa xe yo za ze
""")
_ENDINGS = _words("""
    ba bix bo da dex dia dra ga go ka ko la lin lix lo ma mix mo na nix no pa pix ra rel rin ro sa sco ta tic tix to va
    ven vo xa zor
""")
_KINDS = _words("""
    agent bin cli client common core daemon devel doc extra fonts headers libs minimal musl plugins server static tools
    utils
""")
_LANGUAGES = _words("go lua node ocaml perl php python ruby rust")


def package_names(count: int, rng: SeededRandom) -> list[str]:
    """Return `count` different names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names.setdefault(_name(rng))
    return list(names)


def _name(rng: SeededRandom) -> str:
    stem = rng.one_of(_WORDS) if rng.chance(50) else rng.one_of(_BEGINNINGS) + rng.one_of(_ENDINGS)
    subject, other_subject = rng.one_of(_SUBJECTS), rng.one_of(_SUBJECTS)
    kind, language = rng.one_of(_KINDS), rng.one_of(_LANGUAGES)
    forms = [
        (26, stem),
        (10, f"lib{subject}"),
        (10, f"lib{stem}"),
        (12, f"{stem}{2 + rng.below(24)}"),
        (12, f"{stem}-{subject}"),
        (8, f"{stem}-{kind}"),
        (4, f"{stem}{2 + rng.below(14)}-{kind}"),
        (5, f"{language}-{stem}"),
        (3, f"{language}-{subject}"),
        (3, f"{stem}{subject}"),
        (2, f"scaffolding-{stem}"),
        (2, f"{stem}_{subject}"),
        (1, f"{subject}2{other_subject}"),
        (1, f"{stem}{subject.upper()}"),
        (1, f"{2 + rng.below(8)}{stem}"),
    ]
    return rng.weighted(forms)
