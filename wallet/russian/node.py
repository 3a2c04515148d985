"""What ``pai node`` says."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Commands and options.
    "Run a server of a community: it keeps the ledger, passes it on, and with a seat makes it.": (
        "Держать сервер сообщества: он хранит реестр, передаёт его другим, а с местом — создаёт."
    ),
    "The constitution.": "Устав.",
    "Folder in which 'pai seat keys' has made a seat's keys; they move into the home.": (
        "Папка, в которой «pai seat keys» создала ключи места; они переезжают в папку узла."
    ),
    "The node's home; by default PAI_NODE_HOME, else ~/.pai/node.": (
        "Папка узла; по умолчанию PAI_NODE_HOME, иначе ~/.pai/node."
    ),
    "Run the node until SIGTERM or Ctrl-C. Options win over config.toml.": (
        "Запустить узел до SIGTERM или Ctrl-C. Параметры важнее config.toml."
    ),
    "Where to meet other nodes.": "Где встречать другие узлы.",
    "How others reach this node.": "Как другие находят этот узел.",
    "A node to begin with.": "Узел, с которого начать.",
    "Where programs and people ask this node.": "Где узел отвечает программам и людям.",
    "Whether to make blocks.": "Создавать ли блоки.",
    "How much to tell.": "Насколько подробно рассказывать.",
    "How it looks.": "Как это выглядит.",
    (
        "Show a node at a glance, and what is wrong with it.\n\n"
        "It is the node of --node, else the one that runs on --home."
    ): (
        "Показать, как дела у узла и что с ним не так.\n\n"
        "Это узел из --node, иначе тот, что работает в папке --home."
    ),
    (
        "Write the whole chain to a file that any MessagePack tool can read.\n\n"
        "It is the chain of --node, else of --home, whether a node runs there or not."
    ): (
        "Выгрузить всю цепочку в файл, который прочтёт любая программа для MessagePack.\n\n"
        "Это цепочка узла --node, иначе из папки --home, работает там узел или нет."
    ),
    (
        "Take in the chain of an export file, checking every rule.\n\n"
        "The node must not be running; blocks it has already are compared and skipped."
    ): (
        "Принять цепочку из файла выгрузки, проверяя каждое правило.\n\n"
        "Узел не должен работать; блоки, которые уже есть, сравниваются и пропускаются."
    ),
    (
        "Check a stopped node's home: files, keys, journal, store, root, blocks.\n\n"
        "Exit code 7 when something is wrong."
    ): (
        "Проверить папку остановленного узла: файлы, ключи, журнал, хранилище, корень, блоки.\n\n"
        "Код выхода 7, если что-то не так."
    ),
    # Answers.
    "Matchmaker": "Составитель цепочек",
    "{address}, has {amount}": "{address}, у него {amount}",
    "Its matchmaker has no money to propose chains with: pay some pai to {address}.": (
        "Составителю цепочек не на что их предлагать: переведите немного паёв на {address}."
    ),
    "Home": "Папка",
    "Configuration": "Настройки",
    "Start it with: pai node run --home {folder}": "Запуск: pai node run --home {folder}",
    "{source}: {key}: {reason}": "{source}: {key}: {reason}",
    "{source}: {reason}": "{source}: {reason}",
    "{file} exists and is no export: choose another name.": (
        "{file} уже есть, и это не выгрузка: выберите другое имя."
    ),
    "Option for {key}: {reason}": "Параметр для {key}: {reason}",
    "{url} is a node of another version of Pai.": "{url} — узел другой версии Pai.",
    "No node runs on {home}: start it with 'pai node run', or name one with --node URL.": (
        "В папке {home} узел не работает: запустите его через «pai node run» или назовите другой "
        "через --node URL."
    ),
    "{url} answers {status}: try again later.": "{url} отвечает {status}: попробуйте позже.",
    "{file} breaks the rules: {reason}": "{file} нарушает правила: {reason}",
    "Checking blocks": "Проверка блоков",
    "Writing blocks": "Выгрузка блоков",
    "Taking in blocks": "Приём блоков",
    "{n} block written to {file}.": (
        "В {file} выгружен {n} блок.",
        "В {file} выгружено {n} блока.",
        "В {file} выгружено {n} блоков.",
    ),
    "{n} block taken in; the chain now ends at block {height}.": (
        "Принят {n} блок; теперь цепочка кончается блоком {height}.",
        "Принято {n} блока; теперь цепочка кончается блоком {height}.",
        "Принято {n} блоков; теперь цепочка кончается блоком {height}.",
    ),
    "All is well.": "Всё в порядке.",
    # Status.
    "Node": "Узел",
    "Newest block": "Последний блок",
    "{height}, {date}": "{height}, {date}",
    "Final block": "Окончательный блок",
    "Blocks held": "Блоки здесь",
    "Blocks executed": "Исполнены блоки",
    "all": "все",
    "from {height} on": "с {height}",
    "from {height} on; {count} before are to come": "с {height}; до него ещё получить: {count}",
    "from {height} on; those before are not fetched": "с {height}; прежние не запрашиваются",
    "from {height} on; 'pai audit replay HOME' executes those before as well": (
        "с {height}; прежние исполнит «pai audit replay ПАПКА»"
    ),
    "Clock": "Часы",
    "slot {slot}, period {period}, epoch {epoch}": "слот {slot}, период {period}, эпоха {epoch}",
    "Other nodes": "Другие узлы",
    "Others reach it at": "Адрес для других",
    "THIS-MACHINE": "ЭТА-МАШИНА",
    "Waiting": "Ожидает",
    "{n} transaction": ("{n} транзакция", "{n} транзакции", "{n} транзакций"),
    "Blocks made": "Создано блоков",
    "Memory": "Память",
    "makes blocks": "создаёт блоки",
    "no seat here": "места здесь нет",
    "not among the seats that make blocks": "не среди мест, создающих блоки",
    "may not sign": "не вправе подписывать",
    "catching up first": "сначала догоняет",
    "waits: its clock may be wrong": "ждёт: возможно, неверны часы",
    "waits": "ждёт",
    "The community begins at {date}.": "Сообщество начинается {date}.",
    "It is syncing: {blocks} are missing.": "Идёт загрузка: не хватает {blocks}.",
    "No block has come for {duration}.": "Новых блоков нет уже {duration}.",
    "It knows no other node: name one in config.toml or with --peer.": (
        "Других узлов не видно: назовите хотя бы один в config.toml или через --peer."
    ),
    "Its clock is {seconds} s ahead of the others'.": "Часы спешат на {seconds} с.",
    "Its clock is {seconds} s behind the others'.": "Часы отстают на {seconds} с.",
    "Its seat makes no blocks: {reason}": "Место не создаёт блоков: {reason}",
    # What config.toml says.
    "How this node meets other nodes.": "Как этот узел встречается с другими.",
    "Where to listen, as multiaddresses. Port 4510 must be reachable from outside.": (
        "Где слушать; адреса в виде multiaddr. Порт 4510 должен быть доступен снаружи."
    ),
    (
        "Under which addresses others reach this node, when it cannot see that itself: behind a "
        "router, or under a name."
    ): (
        "По каким адресам узел доступен другим, если сам он этого не видит: за маршрутизатором "
        "или под именем."
    ),
    (
        "Nodes to begin with, as multiaddresses that end in /p2p/ and the node's name. They are "
        "dialled again and again; further ones are learned from them."
    ): (
        "Узлы, с которых начать; адреса multiaddr кончаются на /p2p/ и имя узла. Их вызывают "
        "снова и снова, а об остальных узнают от них."
    ),
    "Connections to other nodes at once.": "Сколько соединений с другими узлами сразу.",
    "Connections from one IP address at once.": "Сколько соединений с одного IP-адреса сразу.",
    "How programs and people ask this node. Nothing here can change the node itself.": (
        "Как узел отвечает программам и людям. Изменить сам узел здесь нельзя ничем."
    ),
    (
        "Host and port. 127.0.0.1 admits this machine only; 0.0.0.0 admits everybody. Put a web "
        "server with TLS before it when it is public."
    ): (
        "Адрес и порт. 127.0.0.1 — только эта машина, 0.0.0.0 — все. Если узел открыт всем, "
        "поставьте перед ним веб-сервер с TLS."
    ),
    "Requests that one IP address may make in the long run.": (
        "Сколько запросов в секунду с одного IP-адреса допустимо постоянно."
    ),
    "Requests that one IP address may make at once.": (
        "Сколько запросов с одного IP-адреса допустимо разом."
    ),
    (
        "Whether the limits by address hold for this machine too. Say true when a web server on "
        "this machine passes strangers' requests on."
    ): (
        "Действуют ли ограничения по адресу и для этой машины. Напишите true, если чужие запросы "
        "передаёт веб-сервер на ней же."
    ),
    "HTTP connections at once, in all.": "Сколько всего соединений HTTP сразу.",
    "HTTP connections at once from one IP address.": (
        "Сколько соединений HTTP с одного IP-адреса сразу."
    ),
    "A request that takes longer is given up; streams are not concerned.": (
        "Сколько секунд может длиться запрос; к потокам это не относится."
    ),
    "Transactions that wait for a block.": "Транзакции, которые ждут блока.",
    "Bytes of transactions that may wait, in all.": "Сколько всего байтов транзакций может ждать.",
    "Transactions of one account that may wait.": "Сколько транзакций одного счёта может ждать.",
    "The seat whose keys lie in this home, if there are any.": (
        "Место, ключи которого лежат в этой папке, если они есть."
    ),
    "What this node does for trade in goods and work, beside keeping the ledger.": (
        "Что узел делает для торговли товарами и трудом, кроме хранения реестра."
    ),
    (
        "Whether to look for chains of trades in every clearing interval and propose them. The "
        "proposals cost a little: 'pai node status' names the account that pays for them. Install "
        "the extra 'solver' to find more."
    ): (
        "Искать ли цепочки обмена в каждом промежутке взаимозачёта и предлагать их. Предложения "
        "стоят немного: «pai node status» называет счёт, с которого они оплачиваются. С "
        "дополнением «solver» находится больше."
    ),
    "Whether to produce blocks with it. Never run two nodes with one seat's keys.": (
        "Создавать ли с ним блоки. Никогда не запускайте два узла с ключами одного места."
    ),
    "What the node writes to its standard error.": "Что узел пишет в стандартный поток ошибок.",
    "debug, info, warning or error.": "debug, info, warning или error.",
    "json: one object a line; human: text; auto: text on a terminal and json elsewhere.": (
        "json: по объекту на строку; human: текст; auto: на терминале текст, иначе json."
    ),
}
