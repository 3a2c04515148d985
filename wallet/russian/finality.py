"""What finality, sets of seats and evidence say: sentences of the rules, and their refusals."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "a signature does not verify": "подпись неверна",
    "a spare bit is set": "лишний бит установлен",
    "weight {0} of {1}, needs {2}": "вес {0} из {1}, нужно {2}",
    "{0} bytes of bits for {1} seats": "байтов с битами {0}, мест {1}",
    "{0} signatures of {1} seats": "подписей {0}, мест {1}",
}
