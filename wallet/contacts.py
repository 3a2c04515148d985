"""A local address book: names for addresses, so that people pay persons and not characters.

It is kept beside the wallets, for the owner's eyes alone, and is never sent anywhere.
"""

import unicodedata
from pathlib import Path
from typing import Final

import msgspec

from wallet.community import Community
from wallet.folder import build_damaged, open_folder, read_private, write_private
from wallet.terminal import Exit, Failure

FILE: Final = "contacts.json"
NAME_LENGTH_MAX: Final = 64
CONTACTS_MAX: Final = 10_000  # the file stays below what is read of it


def read_contacts(folder: Path) -> dict[str, str]:
    """Address by name, in order of names."""
    path = folder / FILE
    data = read_private(path)
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise build_damaged(path) from None


def write_contacts(folder: Path, contacts: dict[str, str]) -> None:
    """Keep the address book."""
    open_folder(folder)
    ordered = dict(sorted(contacts.items()))
    data = msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n"
    write_private(folder / FILE, data, replace=True)


def normalize_name(name: str) -> str:
    """A contact's name as it is kept. Raises Failure on one that could be taken for an address."""
    text = " ".join(unicodedata.normalize("NFC", name).split())
    if not 0 < len(text) <= NAME_LENGTH_MAX or ":" in text or not text.isprintable():
        raise Failure(
            Exit.USAGE,
            "A contact's name has 1 to {count} visible characters and no colon.",
            count=NAME_LENGTH_MAX,
        )
    return text


def add_contact(folder: Path, community: Community, name: str, address: str) -> tuple[str, str]:
    """Note an address under a name, in place of what the name meant before."""
    kept = normalize_name(name)
    if is_like_address(kept, community):
        raise Failure(Exit.USAGE, "A contact's name must not look like an address.")
    contacts = read_contacts(folder)
    if kept not in contacts and len(contacts) >= CONTACTS_MAX:
        raise Failure(Exit.USAGE, "The address book is full: remove somebody first.")
    contacts[kept] = community.get_address(community.parse_address(address))
    write_contacts(folder, contacts)
    return kept, contacts[kept]


def remove_contact(folder: Path, name: str) -> str:
    """Forget a name."""
    contacts = read_contacts(folder)
    kept = normalize_name(name)
    if kept not in contacts:
        raise Failure(Exit.USAGE, "There is nobody called {name} in the address book.", name=kept)
    del contacts[kept]
    write_contacts(folder, contacts)
    return kept


def is_like_address(text: str, community: Community) -> bool:
    """Whether a text is meant as an address, good or bad."""
    return text.lower().startswith(f"{community.prefix}1") and len(text) > len(community.prefix) + 8
