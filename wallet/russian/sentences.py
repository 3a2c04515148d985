"""Sentences of p2p/ and node/, which know no languages: figures are ``{0}``, ``{1}`` in order."""

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Of node/api/: requests that cannot be answered.
    "a hash is 64 small hexadecimal digits": "хеш — это 64 маленькие шестнадцатеричные цифры",
    "a number from 0": "нужно число от 0",
    "a number from 1{0}": "нужно число от 1{0}",
    "an obligation has a number": "у обязательства есть номер",
    "before: pass what 'next' said": "before: нужно то, что стояло в next",
    "before: {0}": "параметр before: {0}",
    "no final block that is known here covers it": (
        "ни один окончательный блок, известный здесь, этого не подтверждает"
    ),
    "no such block is kept here; the genesis has a path of its own": (
        "такого блока здесь нет; у основания свой адрес"
    ),
    "proposal {0}": "предложение {0}",
    "see /openapi.json for what there is": "что есть — в /openapi.json",
    "the body must be {0}, and Content-Type must say so": (
        "тело должно быть {0}, и Content-Type должен это сказать"
    ),
    "this node began with a snapshot: it has no blocks before {0}": (
        "узел начал со снимка: блоков до {0} у него нет"
    ),
    # Of node/audit/: sources.
    "there is no {0}: give a node's home, an export file, or a URL like http://127.0.0.1:4511": (
        "{0} не существует: назовите папку узла, файл выгрузки или адрес вида http://127.0.0.1:4511"
    ),
    "{0} holds no chain yet: start its node first": "в {0} ещё нет цепочки: сначала запустите узел",
    "what {0} stores cannot be read: {1}": "не удаётся прочитать хранимое в {0}: {1}",
    "{0} is empty": "{0}: пусто",
    "{0} is not an export of a chain: {1}": "{0} — не выгрузка цепочки: {1}",
    "{0} is no URL: {1}": "{0} — не адрес URL: {1}",
    "no node answers at {0}": "по адресу {0} ни один узел не отвечает",
    "no node answers at {0}: {1}": "по адресу {0} ни один узел не отвечает: {1}",
    "{0} answers {1} to /v1/export": "{0} отвечает {1} на /v1/export",
    "{0} answers {1} to {2}": "{0} отвечает {1} на {2}",
    "{0} is not a node of Pai: {1}": "{0} — не узел Pai: {1}",
    "an answer of more than {0} bytes": "в ответе больше {0} байтов",
    "{0} is not hexadecimal": "{0}: не шестнадцатеричная запись",
    "the node stopped sending: {0}": "узел перестал отвечать: {0}",
    "the home says that its chain has {0} blocks, but {1} is not kept": (
        "по словам папки, в цепочке блоков {0}, но блок {1} не сохранён"
    ),
    "{0} does not hand out its block {1}": "{0} не отдаёт свой блок {1}",
    "{0} hands out a block that is none: {1}": "{0} вместо блока отдаёт не блок: {1}",
    # Of node/audit/: the replay.
    "this is another community than the one named": "это другое сообщество, а не названное",
    "the genesis differs from the one given: {0}": "устав отличается от данного: {0}",
    "the block belongs to another community": "блок принадлежит другому сообществу",
    "block {0} is missing": "нет блока {0}",
    "blocks {0} to {1} are missing": "нет блоков с {0} по {1}",
    "after block {0} comes block {1} once more": "после блока {0} снова идёт блок {1}",
    "after block {0} comes something that is no block: {1}": (
        "после блока {0} идёт что-то, что не является блоком: {1}"
    ),
    "the block does not follow block {0}: it names another parent": (
        "блок не следует за блоком {0}: он называет другого предка"
    ),
    "executing the block gives another state than its header says": (
        "исполнение блока даёт не то состояние, что названо в его заголовке"
    ),
    (
        "the transactions are not those to which the header commits; each of them is valid, so "
        "some were added, left out or moved"
    ): (
        "транзакции не те, на которые ссылается заголовок; каждая из них верна, значит, какие-то "
        "добавлены, выпущены или переставлены"
    ),
    (
        "the transactions are not those to which the header commits; transaction {0} would be "
        "refused: {1}"
    ): ("транзакции не те, на которые ссылается заголовок; транзакция {0} была бы отклонена: {1}"),
    "a promise of the ledger does not hold: {0}": "обещание реестра нарушено: {0}",
    # Of node/audit/: rows and answers.
    "the source says that its chain ends at another {0} than its blocks do": (
        "по словам источника, его цепочка кончается иначе, чем его блоки: другое {0}"
    ),
    "a row that no block has written": "строка, которую не записывал ни один блок",
    "a row is missing": "строки нет",
    "a row cannot be read": "строку не удаётся прочитать",
    "a row differs in {0}": "строка отличается: {0}",
    "the genesis in the home is not the one that its chain began with": (
        "генезис в папке узла — не тот, с которого началась её цепь"
    ),
    "the proof is not for the state with which the genesis begins": (
        "доказательство относится не к тому состоянию, с которого начинается генезис"
    ),
    "the block is of another height than the proof": ("высота блока не та, что у доказательства"),
    "the node shows another number of accounts": "узел показывает другое число счетов",
    "the node shows another {0}": "узел показывает другое: {0}",
    # Of node/audit/: checks.
    "all money there is does not sum to what was issued less what was burned": (
        "сумма всех денег не равна выпущенному минус сожжённое"
    ),
    "issued differs from the genesis": "выпущено не столько, сколько в уставе",
    "burned differs from what the sinks burned": "сожжено не столько, сколько сожгли доли котла",
    "the number of accounts differs from their rows": "число счетов не равно числу их строк",
    "a balance is below zero without credit, or above what an account can hold": (
        "остаток меньше нуля без кредита или больше, чем вмещает счёт"
    ),
    "the sum of all debts differs from the balances below zero": (
        "сумма всех долгов не равна сумме остатков ниже нуля"
    ),
    "{0} is below zero": "{0} меньше нуля",
    "the balance is not what payments and demurrage make of it": (
        "остаток не такой, каким его делают платежи и демередж"
    ),
    "an account has no row": "у счёта нет строки",
    "what a chain moved on balances is not what was traded in it": (
        "цепочка сдвинула на счетах не то, что в ней продано"
    ),
    "what a set-off cleared does not run in circles: somebody lost by it": (
        "зачтённое не замыкается в круги: кто-то на этом потерял"
    ),
    "{0} does not follow from the charges of all blocks": (
        "{0} не следует из удержаний всех блоков"
    ),
    "{0} does not follow from the charges of the blocks so far": (
        "{0} не следует из удержаний предыдущих блоков"
    ),
    "the sequence is not the number of the account's transactions": (
        "порядковый номер не равен числу транзакций счёта"
    ),
    "deposit {0} is not what transactions made of it": (
        "вклад {0} не такой, каким его сделали транзакции"
    ),
    "the seat's bond is not the sum of its bonded deposits": (
        "залог места не равен сумме заложенных вкладов"
    ),
    "the account names a person who does not name it": (
        "счёт называет человека, который его не называет"
    ),
    "the rows do not hash to the state root": "строки не дают корня состояния",
    "the last block lies in the future of this machine's clock": (
        "последний блок лежит в будущем по часам этой машины"
    ),
    "the author has no seat in the set": "у автора нет места в наборе",
    "the author's draw did not win the slot": "жребий автора не выиграл слот",
    "the author was not in turn": "была не очередь автора",
    "the seat made two blocks in slot {0}": "место сделало два блока в слоте {0}",
    # Of node/audit/: proofs and the report.
    "the proof does not lead from the state root to the account's row": (
        "доказательство не ведёт от корня состояния к строке счёта"
    ),
    "the proof is not for the state root of the block": (
        "доказательство не для корня состояния этого блока"
    ),
    "no seat of the genesis has signed the block": "ни одно место из устава не подписало блок",
    "the node's proof cannot be read: {0}": "доказательство узла не читается: {0}",
    "the node's proof is not hexadecimal": "доказательство узла — не шестнадцатеричная запись",
    (
        "payments between accounts in a period, divided by the mean over its slots of all positive "
        "settlement balances; external: without transfers between accounts of one identity; "
        "persons: only payments between two different identified persons; net: without what two "
        "accounts sent to and fro within the period"
    ): (
        "платежи между счетами за период, делённые на среднее по его слотам всех положительных "
        "расчётных остатков; внешние: без переводов между счетами одного лица; между людьми: "
        "только платежи между двумя разными удостоверенными людьми; без хождения: без того, что "
        "два счёта переслали друг другу за период туда и обратно"
    ),
    # Of p2p/.
    ("{0} is not the address of a peer: write for example /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…"): (
        "{0} — не адрес узла: пишите, например, /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…"
    ),
    "{0} is not a key: it holds {1} bytes instead of 32": (
        "{0} — не ключ: в нём {1} байтов вместо 32"
    ),
    "this node mends libp2p {0} in many places and cannot run on {1}: install libp2p=={2}": (
        "этот узел чинит libp2p {0} во многих местах и на {1} работать не может: установите "
        "libp2p=={2}"
    ),
    "indexes ascend": "номера возрастают",
    "the frame of an outline has no transactions": "в рамке наброска нет транзакций",
    # Of node/: home, settings, keys, store, exports.
    "cannot listen at {0}: {1}; choose another place with --listen, --api or in config.toml": (
        "не удаётся принимать соединения на {0}: {1}; выберите другое место через --listen, --api "
        "или в config.toml"
    ),
    "cannot read {0}: {1}": "не удаётся прочитать {0}: {1}",
    "cannot open {0}: {1}": "не удаётся открыть {0}: {1}",
    "cannot write to {0}: {1}": "не удаётся записать в {0}: {1}",
    "cannot write {0}: {1}": "не удаётся записать {0}: {1}",
    "at least one address to listen on is needed": (
        "нужен хотя бы один адрес, на котором принимать соединения"
    ),
    "there is no setting named {0}": "настройки {0} нет",
    "this must be {0}": "это должно быть {0}",
    "this must be {0} and is {1}": "это должно быть {0}, а здесь {1}",
    "{0} is none of debug, info, warning, error": "{0} — не debug, info, warning или error",
    "{0} is none of its choices": "{0} — не из возможных значений",
    "{0} is not HOST:PORT, like 127.0.0.1:4511": "{0} — не ХОСТ:ПОРТ, как 127.0.0.1:4511",
    "{0} is not an address like /ip4/203.0.113.7/tcp/4510": (
        "{0} — не адрес вида /ip4/203.0.113.7/tcp/4510"
    ),
    (
        "{0} is not the address of a node: it looks like /ip4/203.0.113.7/tcp/4510/p2p/ and the "
        "node's name"
    ): ("{0} — не адрес узла: он выглядит как /ip4/203.0.113.7/tcp/4510/p2p/ и имя узла"),
    "{0} needs an IP address, like 127.0.0.1 or 0.0.0.0": (
        "для {0} нужен IP-адрес, как 127.0.0.1 или 0.0.0.0"
    ),
    "it is in a block": "она уже в блоке",
    "no such place in a history": "такого места в истории нет",
    "another process uses {0}: stop it first, or ask it": (
        "{0} занята другим процессом: сначала остановите его или спросите его"
    ),
    "{0} is a node's home already: choose another folder": "{0} — уже папка узла: выберите другую",
    "{0} is larger than {1} bytes": "{0} больше {1} байтов",
    "{0} is no node's home: make one with 'pai node init --genesis FILE'": (
        "{0} — не папка узла: создайте её командой «pai node init --genesis ФАЙЛ»"
    ),
    "{0} is not a genesis: {1}": "{0} — не устав: {1}",
    ("{0} is a genesis of other rules ({1}): install the version of Pai that the community uses"): (
        "{0} — устав с другими правилами ({1}): установите ту версию Pai, которой пользуется "
        "сообщество"
    ),
    "cannot write the journal {0}: {1}": "не удаётся записать журнал {0}: {1}",
    "{0} is damaged and cannot be trusted": "{0} повреждён, доверять ему нельзя",
    "{0} is missing": "{0} отсутствует",
    "{0} is of version {1}, which this program cannot read": (
        "{0} — версии {1}, которую эта программа не читает"
    ),
    "the journal belongs to other keys: put the right one back": (
        "журнал — от других ключей: верните правильный"
    ),
    "{0} belongs to keys that have signed: choose another folder": (
        "{0} — от ключей, которые уже подписывали: выберите другую папку"
    ),
    "{0} can be read by others: 'chmod 600' it, and ask who has read it": (
        "{0} могут прочитать другие: сделайте «chmod 600» и выясните, кто его читал"
    ),
    "{0} exists already: choose another folder": "{0} уже есть: выберите другую папку",
    "{0} is not a file of seat keys": "{0} — не файл ключей места",
    "block {0} is damaged: {1}": "блок {0} повреждён: {1}",
    "block {0} is missing: restore the store or sync anew": (
        "нет блока {0}: восстановите хранилище или загрузите цепочку заново"
    ),
    "the head is not the last block of the chain": "вершина — не последний блок цепочки",
    "the rows give the root {0}, the head's header has {1}: restore the store or sync anew": (
        "строки дают корень {0}, а в заголовке вершины {1}: восстановите хранилище или "
        "загрузите цепочку заново"
    ),
    "the store has lost its head: restore it or sync anew": (
        "хранилище потеряло вершину: восстановите его или загрузите цепочку заново"
    ),
    "the store holds another community than the home's genesis": (
        "в хранилище другое сообщество, чем в уставе папки"
    ),
    "the store's own records are damaged: {0}": "собственные записи хранилища повреждены: {0}",
    "{0} can be read by others: 'chmod go-rwx' it": (
        "{0} могут прочитать другие: сделайте «chmod go-rwx»"
    ),
    "object {0} is larger than any can be": "объект {0} больше, чем бывает",
    "object {0} is not MessagePack": "объект {0} — не MessagePack",
    "object {0} of the stream is no block: {1}": "объект {0} выгрузки — не блок: {1}",
    "the stream breaks off within object {0}": "выгрузка обрывается внутри объекта {0}",
    "the stream does not begin like an export": "начало не похоже на выгрузку",
    "the stream does not begin like an export: {0}": "начало не похоже на выгрузку: {0}",
    "the stream has block {0} where {1} should be": "в выгрузке блок {0} там, где должен быть {1}",
    "the stream holds nothing": "в выгрузке ничего нет",
    "there is no chain yet: start the node first": "цепочки ещё нет: сначала запустите узел",
    "from block {0} on it is another chain than the one held here": (
        "начиная с блока {0} это другая цепочка, чем здесь"
    ),
    "{0} does not hold its block {1}": "{0} не хранит свой блок {1}",
    # Of node/app.py: why a node has ended.
    (
        "the chain in {0} is damaged: {1}. Move it away and start again: the node fetches the "
        "chain anew"
    ): (
        "цепочка в {0} повреждена: {1}. Уберите её и запустите узел снова: он загрузит цепочку "
        "заново"
    ),
    (
        "the ledger broke a promise of its own and the node has halted: {0}. Read {1}; the node "
        "starts again when that file is gone"
    ): (
        "реестр нарушил собственное обещание, и узел остановлен: {0}. Прочтите {1}; узел "
        "запустится снова, когда этого файла не будет"
    ),
    (
        "the node halted because the ledger broke a promise of its own: read {0}; it starts again "
        "when that file is gone"
    ): (
        "узел остановлен, потому что реестр нарушил собственное обещание: прочтите {0}; узел "
        "запустится снова, когда этого файла не будет"
    ),
    "the node halted because the ledger broke a promise of its own: read {0}": (
        "узел остановлен, потому что реестр нарушил собственное обещание: прочтите {0}"
    ),
    "the node has ended by a fault of the program: {0}: {1}. Its log says more": (
        "узел остановлен ошибкой программы: {0}: {1}. Подробности — в его журнале событий"
    ),
    # Of node/status.py: why a seat makes no blocks.
    "this node has no seat's keys": "у этого узла нет ключей места",
    (
        "what seats have decided contradicts itself or the rules: this node signs nothing more and "
        "keeps the proof"
    ): (
        "решения мест противоречат друг другу или правилам: узел больше ничего не подписывает и "
        "хранит доказательство"
    ),
    "messages of this seat come that this machine has not signed: another machine has its keys": (
        "приходят сообщения этого места, которых эта машина не подписывала: его ключи есть и на "
        "другой машине"
    ),
    # Of consensus/catchup.py: what is wrong with a step from set to set.
    "the pair does not decide the hand-off": "эта пара не решает о передаче",
    "the hand-off is of another set": "передача — от другого состава мест",
    "the hand-off calls another list": "передача называет другой список",
    "it asks others which messages of its seat they saw last": (
        "он спрашивает других, какие сообщения его места они видели последними"
    ),
    "the seats that make blocks do not include this one with these keys": (
        "среди мест, создающих блоки, нет этого места с этими ключами"
    ),
    "it has just started and looks for a newer chain": (
        "он только что запущен и ищет более новую цепочку"
    ),
    "what others send is old when it comes: the clock of this machine may be wrong": (
        "присланное другими приходит устаревшим: часы этой машины, возможно, неверны"
    ),
    (
        "the clocks of five peers and more differ from this machine's by more than a minute: set "
        "it right, or confirm that it is"
    ): (
        "часы пяти и более узлов расходятся с часами этой машины больше чем на минуту: исправьте "
        "их или подтвердите, что они верны"
    ),
    "it is fetching blocks that others have": "он загружает блоки, которые есть у других",
}
