"""What finality, sets of seats and evidence say: sentences of the rules, and their refusals."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "attendance": "присутствие",
    "Folder where 'pai seat keys' put new keys.": (
        "Папка, куда 'pai seat keys' положила новые ключи."
    ),
    "Give the seat of the wallet NAME three new keys; a takeover that has not acted is cancelled."
    "\n\nThey serve from the third epoch on. Start the new home then, and stop the old one.": (
        "Дать месту кошелька NAME три новых ключа; перехват, который ещё не подействовал, "
        "отменяется.\n\nОни служат с третьей эпохи. Тогда запустите новую папку и остановите "
        "старую."
    ),
    "New keys for the seat of {name}": "Новые ключи для места {name}",
    "from the third epoch on": "с третьей эпохи",
    "Give notice that the seat of the wallet NAME will vote again although its journal was lost."
    "\n\nIt costs a hundredth of the bond. Ask the seat's own node (--node): it knows what to say. "
    "A day after the notice 'pai node release' on its machine lets it vote.": (
        "Заявить, что место кошелька NAME снова будет голосовать, хотя его журнал потерян.\n\nЭто "
        "стоит сотую часть залога. Спросите узел самого места (--node): он знает, что сказать. "
        "Через день после заявления 'pai node release' на его машине позволит голосовать."
    ),
    "Notice of a lost journal for the seat of {name}": "Заявление о потере журнала места {name}",
    "Folder with the seat's present keys.": "Папка с нынешними ключами места.",
    "Folder for the keys that take over.": "Папка для ключей, которые примут место.",
    "Let a seat's standby key take over from a vote key that somebody else may have.\n\nIt becomes "
    "the vote key at the next hand-off; blocks are made from the third epoch on. Any wallet NAME "
    "may hand it in; the owner can cancel it with 'pai seat replace-keys'. Start the new home then,"
    " and never the old one again.": (
        "Заменить ключ голосования, который мог попасть к другому, запасным ключом места.\n\nОн "
        "станет ключом голосования со следующей передачи; блоки создаются с третьей эпохи. Подать "
        "может любой кошелёк NAME; владелец может отменить это командой 'pai seat replace-keys'. "
        "Тогда запустите новую папку и больше никогда не запускайте старую."
    ),
    "The standby key takes over": "Запасной ключ принимает место",
    "New home": "Новая папка",
    "from the next hand-off on": "со следующей передачи",
    "Silent up to slot": "Молчит до слота",
    "Cost": "Стоимость",
    "a hundredth of the bond": "сотая часть залога",
    "{height}, by votes of {duration} ago, level {level}": (
        "{height}, голосами {duration} назад, уровень {level}"
    ),
    "Votes": "Голоса",
    "{online} of the weight is heard, {quorum} decides at level {level}": (
        "слышно {online} веса, решает {quorum} на уровне {level}"
    ),
    "Nothing has become final for {duration}: {reason}.": (
        "Ничто не стало окончательным уже {duration}: {reason}."
    ),
    "Two decisions contradict each other: this node signs nothing more and keeps both. Talk to the "
    "other operators.": (
        "Два решения противоречат друг другу: узел больше ничего не подписывает и хранит оба. "
        "Поговорите с другими операторами."
    ),
    "Seats that contradict themselves: {seats}.": "Места, противоречащие самим себе: {seats}.",
    "Not all who did it are known yet: it asks the other nodes for what shows them.": (
        "Пока известны не все, кто это сделал: узел спрашивает у других то, что их покажет."
    ),
    "more is final elsewhere than this node has": "у других окончательно больше, чем есть здесь",
    "the servers that are heard weigh too little to decide": (
        "слышимые серверы весят слишком мало, чтобы решать"
    ),
    "enough servers are heard, but their votes do not come together": (
        "серверов слышно достаточно, но их голоса не сходятся"
    ),
    "Its seat has lost its journal and votes again when something newer than slot {slot} is "
    "justified; if that does not happen for {duration}: pai node release.": (
        "Её место потеряло журнал и снова проголосует, когда будет обосновано что-то новее слота "
        "{slot}; если этого не случится за {duration}: pai node release."
    ),
    "Let a seat vote again whose journal was lost, and which has been silent for long.\n\nOnly "
    "for a seat that stays silent because more than a third have lost their journals at once. Its "
    "owner must also give notice, which costs a hundredth of the bond: pai seat release.": (
        "Позволить голосовать месту, чей журнал потерян и которое долго молчит.\n\nТолько для "
        "места, которое молчит, потому что журналы разом потеряли больше трети. Его владелец "
        "должен также заявить об этом, что стоит сотую часть залога: pai seat release."
    ),
    "The seat of this node has not lost its journal.": "Место этого узла не теряло журнала.",
    "Let the seat vote again? What it may have signed before can cost its bond.": (
        "Позволить месту голосовать? То, что оно могло подписать раньше, может стоить залога."
    ),
    "Told. In a minute 'pai node status' and the node's log say what came of it.": (
        "Передано. Через минуту 'pai node status' и журнал узла скажут, что вышло."
    ),
    "Done: final, in block {height}, at level {level}. Settlement now: {amount} pai.": (
        "Готово: окончательно, в блоке {height}, уровень {level}. На счёте сейчас {amount} пая."
    ),
    "Done: in block {height}, not final yet. Settlement now: {amount} pai.": (
        "Готово: в блоке {height}, ещё не окончательно. На счёте сейчас {amount} пая."
    ),
    "How long to wait for the block, or 'final': until it is final; after that, exit 6.": (
        "Сколько ждать блока, или 'final': до окончательности; после этого код завершения 6."
    ),
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
    "two certificates": "два сертификата",
    "a certificate that the header does not name": "сертификат, которого заголовок не называет",
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
    "a notice of release excuses it": "это прощает заявление о потере журнала",
    "the seat's ack is not in the certificate": "подтверждения этого места нет в сертификате",
    "the certificate contradicts nothing that is final here": (
        "сертификат не противоречит ничему, что здесь окончательно"
    ),
    "the votes do not contradict each other": "голоса не противоречат друг другу",
    "the block is of the set that votes": "блок того же состава, что и голос",
    "two different messages, in the order of their bytes": (
        "нужны два разных сообщения в порядке их байтов"
    ),
    "nothing is kept of this set": "об этом составе ничего не хранится",
    "it is not the list of this set": "это список не этого состава",
    "the seat is not in the set": "этого места нет в составе",
}
