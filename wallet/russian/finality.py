"""What finality, sets of seats and evidence say: sentences of the rules, and their refusals."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "bond, asked back": "залог, запрошен назад",
    "asked back, waits for a hand-off": "запрошен назад, ждёт передачи",
    "Too many bonds wait for a hand-off without them: ask again after the next one.": (
        "Слишком много залогов ждут передачи без них: попросите снова после ближайшей."
    ),
    "The certificate's form is wrong, or one of its signatures does not verify.": (
        "Сертификат неверной формы, или одна из его подписей неверна."
    ),
    "The certificate's seats do not weigh enough for its level.": (
        "Веса мест в сертификате не хватает для его уровня."
    ),
    "Only an epoch's first block and blocks of certain heights record finality.": (
        "Окончательность записывают только первый блок эпохи и блоки определённых высот."
    ),
    "The certificate is neither of the block's set, nor of the one before whose hand-off is not "
    "yet recorded as final.": (
        "Сертификат не от состава этого блока и не от прежнего состава, передача от которого ещё "
        "не записана как окончательная."
    ),
    "The final block is not one of the set's blocks that this block stands on.": (
        "Окончательный блок не из тех блоков состава, на которых стоит этот блок."
    ),
    "The chain has recorded this block, or a higher one, as final already.": (
        "Цепь уже записала этот блок или более высокий как окончательный."
    ),
    "A justification must accompany the finality of a hand-off, of the same block, round and "
    "level, and no other.": (
        "Обоснование должно сопровождать окончательность передачи, с тем же блоком, раундом и "
        "уровнем, и никакой другой."
    ),
    "No finality of this round is recorded, or it is too late to add to it.": (
        "Окончательность этого раунда не записана, или дополнять её уже поздно."
    ),
    "One of these acks is on the chain already.": "Одно из этих подтверждений уже есть в цепи.",
    "A block carries the last roll-call before its slot.": (
        "Блок несёт последнюю перекличку перед своим слотом."
    ),
    "The block does not stand on a head that was named, or the head is too new.": (
        "Блок не стоит на названной вершине, или эта вершина слишком новая."
    ),
    "A seat's attendance of the round is counted already.": (
        "Присутствие места в этом раунде уже учтено."
    ),
    "The roll-call's form is wrong, or one of its signatures does not verify.": (
        "Перекличка неверной формы, или одна из её подписей неверна."
    ),
    "The messages do not contradict each other.": "Сообщения не противоречат друг другу.",
    "The messages are out of order, or one of their signatures does not verify.": (
        "Сообщения не по порядку, или одна из их подписей неверна."
    ),
    "The list is not that of the set, or nothing is kept of that set any more.": (
        "Список не этого состава, или о таком составе больше ничего не хранится."
    ),
    "The offence has been proved already.": "Нарушение уже доказано.",
    "The seat has no bond any more that could answer.": (
        "У места больше нет залога, который мог бы ответить."
    ),
}
SENTENCES: Final[dict[str, str]] = {
    "a signature does not verify": "подпись неверна",
    "a spare bit is set": "лишний бит установлен",
    "weight {0} of {1}, needs {2}": "вес {0} из {1}, нужно {2}",
    "{0} bytes of bits for {1} seats": "байтов с битами {0}, мест {1}",
    "{0} signatures of {1} seats": "подписей {0}, мест {1}",
    "{0} bytes of consensus": "байтов консенсуса: {0}",
    "{0} of {1}": "{0}, место {1}",
    "height {0}": "высота {0}",
    "height {0}, the last was {1}": "высота {0}, последняя была {1}",
    "round {0}": "раунд {0}",
    "no acks": "ни одного подтверждения",
    "one belongs to a hand-off, and to nothing else": "оно нужно передаче, и ничему другому",
    "it is of another block, round or level": "оно другого блока, раунда или уровня",
    "heads out of order": "вершины не по порядку",
    "a head without seats": "вершина без мест",
    "not two headers of one seat, set and slot": (
        "это не два заголовка одного места, состава и слота"
    ),
    "not two votes of one seat and set": "это не два голоса одного места и состава",
    "not a vote for this block": "это голос не за этот блок",
    "the votes do not contradict each other": "голоса не противоречат друг другу",
    "the block is of the set that votes": "блок того же состава, что и голос",
    "two different messages, in the order of their bytes": (
        "нужны два разных сообщения в порядке их байтов"
    ),
    "nothing is kept of this set": "об этом составе ничего не хранится",
    "it is not the list of this set": "это список не этого состава",
    "the seat is not in the set": "этого места нет в составе",
}
