"""The protobuf wire format of the two small messages inside tokens (accounts.md 3.1, 3.2).

Written by hand, because importing a protobuf library takes longer than importing all code for tokens.
"""

WireValue = int | bytes | None
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WORD = 64
_FIXED_LENGTH = {_FIXED64: 8, _FIXED32: 4}


class WireMalformed(ValueError):
    """The bytes are not a message, or a field is missing, of another type or out of range."""


def varint_field(number: int, value: int) -> bytes:
    """Return the bytes of an int64 or uint64 field. Raises WireMalformed for a value of more than 64 bits."""
    if not -(1 << (_WORD - 1)) <= value < 1 << _WORD:
        raise WireMalformed(f"field {number} has more than 64 bits")  # truncated, it could be the id of another account
    return _varint(number << 3 | _VARINT) + _varint(value % (1 << _WORD))


def bytes_field(number: int, value: bytes) -> bytes:
    """Return the bytes of a field of bytes or UTF-8 text."""
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def fields_of(message: bytes) -> dict[int, WireValue]:
    """Return all fields of a message by number, including unknown ones. Raises WireMalformed, also for groups.

    Integers are unsigned. The value of a type that tokens do not use is None. The last value of a repeated
    field counts.
    """
    fields: dict[int, WireValue] = {}
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise WireMalformed(f"field number {number}")
        fields[number], at = _read_value(message, at, wire_type)
    return fields


def integer(fields: dict[int, WireValue], number: int, bits: int = _WORD) -> int:
    """Return an unsigned integer of at most `bits` bits. Raises WireMalformed, also if the field is missing."""
    value = fields.get(number)
    if not isinstance(value, int) or value >> bits:
        raise WireMalformed(f"field {number} is not an integer of {bits} bits")
    return value


def signed_integer(fields: dict[int, WireValue], number: int) -> int:
    """Return an int64. Raises WireMalformed, also if the field is missing."""
    value = integer(fields, number)
    return value - (1 << _WORD) if value >> (_WORD - 1) else value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_value(message: bytes, at: int, wire_type: int) -> tuple[WireValue, int]:
    if wire_type == _VARINT:
        return _read_varint(message, at)
    if wire_type == _BYTES:
        length, at = _read_varint(message, at)
    elif wire_type in _FIXED_LENGTH:
        length = _FIXED_LENGTH[wire_type]
    else:
        raise WireMalformed(f"wire type {wire_type}")
    end = at + length
    if end > len(message):
        raise WireMalformed("the message ends inside a field")
    return (message[at:end] if wire_type == _BYTES else None), end


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise WireMalformed("the message ends inside a number")
        value |= (message[at] & 0x7F) << shift
        at += 1
        if message[at - 1] < 0x80:
            if value >> _WORD:
                break
            return value, at
    raise WireMalformed("a number has more than 64 bits")
