"""What the founders must keep to themselves, as one JSON file that its owner alone can read.

The authority's key, the group's secret, and every member's salted fields: with these the founders
can attest newcomers later, and a member can be given what he needs to show who he is.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from chain.address import encode_address
from chain.genesis import compute_chain_id
from genesis.build import Founding
from genesis.table import ConstitutionError

VERSION: Final = 1
_FILE_MODE: Final = 0o600


def build_private_document(founding: Founding) -> dict[str, object]:
    """The founders' secrets as a JSON document."""
    genesis, founders = founding.genesis, founding.founders
    return {
        "version": VERSION,
        "community": compute_chain_id(genesis).hex(),
        "authority": {
            "name": founders.name,
            "jurisdiction": founders.jurisdiction,
            "address": encode_address(genesis.prefix, founders.account),
            "key_seed": founders.key.seed.hex(),
            "group_secret": founders.group_secret.hex(),
        },
        "members": [
            {
                "address": encode_address(genesis.prefix, account),
                "fields": [
                    {"name": item.name, "value": item.value, "salt": item.salt.hex()}
                    for item in fields
                ],
            }
            for account, fields in founding.fields.items()
        ],
    }


def write_new_file(path: Path, data: bytes, *, private: bool) -> None:
    """Write a file that must not exist yet, whole and on disk. Raises ConstitutionError, OSError.

    A private file is readable by its owner alone from its first byte on.
    """
    mode = _FILE_MODE if private else 0o644
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise ConstitutionError(f"{path}: this file exists already: choose another name") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def encode_private_document(founding: Founding) -> bytes:
    """The bytes of the founders' file."""
    return msgspec.json.format(msgspec.json.encode(build_private_document(founding))) + b"\n"
