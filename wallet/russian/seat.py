"""What ``pai seat`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Commands and options.
    "Take a seat among the servers that make blocks: keys, registration, bond.": (
        "Занять место среди серверов, создающих блоки: ключи, регистрация, залог."
    ),
    (
        "Make a seat's keys with their journal and their proofs, in one act.\n\nThe secret part "
        "stays in the node's folder. The public part is for the constitution of a community to "
        "come; in a running one, 'pai seat register' makes use of the keys. Where keys lie "
        "already, their public part is printed again."
    ): (
        "Создать ключи места вместе с их журналом и доказательствами, одним действием.\n\n"
        "Тайная часть остаётся в папке узла. Открытая нужна для устава будущего сообщества; в "
        "работающем ключами пользуется «pai seat register». Где ключи уже есть, их открытая "
        "часть печатается снова."
    ),
    "Address of the seat's owner.": "Адрес владельца места.",
    "Folder of the node that will serve.": "Папка узла, который будет служить.",
    "File for the public part, to give to whoever writes the constitution.": (
        "Файл для открытой части, чтобы передать тому, кто пишет устав."
    ),
    "Show all seats, and which bonds the wallet NAME has lent to its own.": (
        "Показать все места и какие залоги кошелёк NAME дал своему."
    ),
    "Open a seat for the owner of the wallet NAME, an identified member.": (
        "Открыть место владельцу кошелька NAME, удостоверенному участнику."
    ),
    "Folder where 'pai seat keys' put the keys.": "Папка, куда «pai seat keys» положила ключи.",
    "Lend a deposit of the wallet NAME, whole or in part, to its own seat.\n\nA bond answers for "
    "what the server signs: whoever signs two things that exclude each other loses of it. 'pai "
    "wallet save' makes deposits, 'pai wallet show' numbers them.": (
        "Дать вклад кошелька NAME, целиком или частью, в залог за своё место.\n\nЗалог отвечает за "
        "то, что подписывает сервер: кто подпишет две несовместимые вещи, теряет из него. Вклады "
        "делает «pai wallet save», номера показывает «pai wallet show»."
    ),
    "Ask for a bonded deposit back; it is released when the time for evidence is over.": (
        "Попросить вклад из залога обратно; он освободится, когда пройдёт время для обвинений."
    ),
    # Answers.
    "The public part is in {file}: give it to whoever writes the constitution.": (
        "Открытая часть — в {file}: передайте её тому, кто пишет устав."
    ),
    (
        "The secret keys and their journal are in {home}. Never copy them to a second machine: "
        "two servers with one key sign twice, and the bond is lost."
    ): (
        "Тайные ключи и их журнал — в {home}. Никогда не копируйте их на вторую машину: два "
        "сервера с одним ключом подпишут дважды, и залог пропадёт."
    ),
    "{home} holds no seat's keys: make them with 'pai seat keys'.": (
        "В {home} нет ключей места: сделайте их командой «pai seat keys»."
    ),
    "The seat's keys in {home} belong to another owner: name another folder.": (
        "Ключи места в {home} — другого владельца: назовите другую папку."
    ),
    "Seat of {name}": "Место кошелька {name}",
    "Vote key": "Ключ голоса",
    "Counts": "Считается",
    "when it is bonded and a hand-off takes it": "когда есть залог и его примет передача",
    "Bond for the seat of {name}": "Залог за место кошелька {name}",
    "Bond back from the seat of {name}": "Залог обратно от места кошелька {name}",
    "Answers for": "Отвечает за",
    "whatever the server signs, until its release": "всё, что подпишет сервер, пока не освободится",
    "seat of": "место",
    "bond, pai": "залог, пай",
    "blocks": "блоков",
    "since epoch": "с эпохи",
    "deposit": "вклад",
    "state": "состояние",
    "bonded": "в залоге",
    "asked back": "запрошен обратно",
    "The seat marked * is yours; it makes blocks.": (
        "Место со звёздочкой * — ваше; оно создаёт блоки."
    ),
    "The seat marked * is yours; it makes no blocks yet: it needs a bond and a hand-off that takes "
    "it.": (
        "Место со звёздочкой * — ваше; блоков оно ещё не создаёт: нужны залог и передача, которая "
        "его примет."
    ),
    "The seat marked * is yours; it makes no blocks yet: the next hand-off takes it in, if its "
    "server answers the roll-call.": (
        "Место со звёздочкой * — ваше; блоков оно ещё не создаёт: его примет ближайшая передача, "
        "если его сервер ответит на перекличку."
    ),
    "You have no seat: 'pai seat register' opens one.": (
        "У вас нет места: его открывает «pai seat register»."
    ),
}
