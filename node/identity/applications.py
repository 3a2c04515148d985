"""Who asks to be attested: a table that any spreadsheet can save, or TOML, one entry a person.

``address`` and ``document`` must be there; every other column, or key of ``facts``, is a fact about
the person that goes into the commitment and nowhere else.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from chain.address import decode_address
from chain.codec import check_text
from chain.policy import AccountId
from genesis.people import DOCUMENT, FACT_BYTES_MAX, read_members_file
from genesis.table import ConstitutionError

FILE_BYTES_MAX: Final = 4 * 1_048_576


class Application(NamedTuple):
    """One person's account, document, and facts; the document's number is a fact too."""

    account: AccountId
    document: str
    facts: tuple[tuple[str, str], ...]


def read_applications(path: Path, prefix: str) -> list[Application]:
    """The applications of a file, CSV or TOML by its name. Raises ConstitutionError, OSError."""
    found = _read_toml(path, prefix) if path.suffix == ".toml" else _read_table(path, prefix)
    accounts = [item.account for item in found]
    documents = [item.document for item in found]
    if len(set(accounts)) != len(accounts) or len(set(documents)) != len(documents):
        raise ConstitutionError(f"{path}: an address or a document stands here twice")
    if not found:
        raise ConstitutionError(f"{path}: nobody applies here")
    return found


def _read_table(path: Path, prefix: str) -> list[Application]:
    return [
        _check(path, Application(item.account, item.document, item.facts))
        for item in read_members_file(path, prefix)
    ]


def _read_toml(path: Path, prefix: str) -> list[Application]:
    with path.open("rb") as stream:
        data = stream.read(FILE_BYTES_MAX)
    try:
        entries = tomllib.loads(data.decode()).get("application", [])
        return [_check(path, _read_entry(entry, prefix)) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConstitutionError(f"{path}: {error}") from None


def _read_entry(entry: Mapping[str, object], prefix: str) -> Application:
    facts = entry.get("facts", {})
    if not isinstance(facts, dict):
        raise TypeError("facts must be a table of texts")
    document = str(entry["document"])
    told = [(str(name), str(value)) for name, value in facts.items() if name != DOCUMENT]
    for _, value in told:
        check_text(value, FACT_BYTES_MAX)
    account = decode_address(prefix, str(entry["address"]))
    return Application(account, document, (*told, (DOCUMENT, document)))


def _check(path: Path, application: Application) -> Application:
    if not application.document:
        raise ConstitutionError(f"{path}: everybody needs the number of a document")
    return application
