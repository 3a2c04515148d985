"""What is said of a seat's keys, of notices, and of what an epoch gives or takes."""

from typing import Final

from wallet.words import Texts

SENTENCES: Final[dict[str, str]] = {
    "again from period {0}": "снова с периода {0}",
    "locked at {0}, active at {1}": "удерживается {0}, работа с {1}",
}

TEXTS: Final[Texts] = {
    "let the standby key of {seat} take over its seat": (
        "передать место {seat} его запасному ключу"
    ),
    "replace all keys of the seat": "заменить все ключи места",
    "vote again although the journal was lost: {round}": (
        "снова голосовать, хотя журнал утерян: {round}"
    ),
    "seat taken over by its standby key": "место перешло к запасному ключу",
    "own seat taken over by its standby key": "своё место перешло к запасному ключу",
    "keys of the seat replaced": "ключи места заменены",
    "notice of release": "уведомление об освобождении",
    "reward of the seat": "вознаграждение места",
    "lost of the bond": "утрачено из залога",
    "for a reported offence": "за сообщённое нарушение",
}
