"""MessagePack by another library than the ledger's: the oracle for every encoding in tests."""

import msgpack  # type: ignore[import-untyped]  # it ships no types; of the tests only this file asks

DEPTH_MAX = 9  # arrays in arrays: a key within a policy within an action within a block


def pack(value: object) -> bytes:
    """The shortest MessagePack of lists, integers, bytes, text, booleans and None."""
    data: bytes = msgpack.packb(value, use_bin_type=True, strict_types=True)
    return data


def unpack(data: bytes) -> object:
    """The value of exactly these bytes. Raises ValueError."""
    value: object = msgpack.unpackb(data, raw=False, strict_map_key=True, use_list=True)
    return value


def is_canonical(data: bytes) -> bool:
    """Whether the oracle reads these bytes, to their end, and writes them again just so."""
    try:
        value = unpack(data)
    except (ValueError, UnicodeDecodeError):
        return False
    return not has_foreign_parts(value) and pack(value) == data


def has_foreign_parts(value: object, depth: int = 0) -> bool:
    """Whether there is a float, a map, an extension, or nesting that the ledger does not have."""
    if isinstance(value, list):
        return depth >= DEPTH_MAX or any(has_foreign_parts(item, depth + 1) for item in value)
    return not (value is None or isinstance(value, int | bytes | str))


def get_extension() -> bytes:
    """Bytes of an extension type."""
    return pack(msgpack.ExtType(1, b"\x01"))
