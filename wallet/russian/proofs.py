"""Proofs for strangers, checkpoints and snapshots: refusals, sentences, and what commands say."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    "The proof is of a version that is not known here: install a newer Pai.": (
        "Доказательство версии, которой здесь не знают: установите более новый Pai."
    ),
    "A list of seats in the proof is not the one that the block before commits to.": (
        "Список мест в доказательстве не тот, на который указывает предыдущий блок."
    ),
    "A list of seats is out of order, has a key twice, or a seat without weight.": (
        "Список мест не по порядку, с повторённым ключом или с местом без веса."
    ),
    "A block in the proof is not above the one before it, or not above the checkpoint.": (
        "Блок в доказательстве не выше предыдущего или не выше контрольной точки."
    ),
    "A block or certificate in the proof is of another set than the one that decides.": (
        "Блок или сертификат в доказательстве не того состава, который решает."
    ),
    "A certificate in the proof is about another block than the one shown.": (
        "Сертификат в доказательстве о другом блоке, не о показанном."
    ),
    "The two certificates of a hand-off are not of the same round, level and block.": (
        "Два сертификата передачи не одного раунда, уровня и блока."
    ),
    "A certificate's round does not come after its block's slot and its source.": (
        "Раунд сертификата раньше слота его блока или его источника."
    ),
    "A hand-off in the proof commits to no next list, or the last block is itself a hand-off.": (
        "Передача не называет следующего списка, или последний блок доказательства — сам передача."
    ),
    "The hashes do not lead from the block's state root to the row.": (
        "Хеши не ведут от корня состояния блока к записи."
    ),
    "The hashes do not lead from the block's body to the transaction.": (
        "Хеши не ведут от тела блока к транзакции."
    ),
    "The checkpoint is older than bonds stay locked: take a newer one from people you trust.": (
        "Контрольная точка старше срока, на который заперты залоги: возьмите новую у тех, кому "
        "доверяете."
    ),
    "A block in the proof is not the parent of the one above it.": (
        "Блок в доказательстве — не предыдущий для того, что над ним."
    ),
    "The snapshot's outline does not lead to the state root.": (
        "Оглавление снимка не ведёт к корню состояния."
    ),
    "Rows of the snapshot are not those that the state root commits to.": (
        "Записи снимка не те, на которые указывает корень состояния."
    ),
    (
        "From how many blocks on a new node begins with the snapshot of others, proven final. It "
        "executes only what comes after that. Set it to 0 where every block is to be executed."
    ): (
        "Со скольких блоков новый узел начинает с чужого снимка, окончательность которого "
        "доказана. Исполняет он только то, что после снимка. Поставьте 0 там, где нужно исполнить "
        "каждый блок."
    ),
    (
        "How many of the blocks before its snapshot a node that began so fetches in a second at "
        "most, while it has nothing else to fetch. At 0 it does without them."
    ): (
        "Сколько блоков до снимка, не больше, такой узел получает за секунду, пока получать больше "
        "нечего. При 0 он обходится без них."
    ),
    "Checkpoint to which the chain must lead.": ("Контрольная точка, к которой должна вести цепь."),
    "Also write it to this file.": "Записать её ещё и в этот файл.",
    "Also write the proof to this file, for others to check.": (
        "Записать доказательство в этот файл, чтобы его проверили другие."
    ),
    "Begin with this snapshot's state.": "Начать с состояния из этого снимка.",
    "Changes of the set on the way": "Смен состава на пути",
    "Check the proof in this file, offline.": "Проверить доказательство из этого файла, без сети.",
    "Checkpoint": "Контрольная точка",
    "Checkpoint that is trusted.": "Контрольная точка, которой доверяют.",
    "Constitution that is trusted.": "Устав, которому доверяют.",
    "Final with block": "Окончателен вместе с блоком",
    "Hash of the set's list": "Хеш списка состава",
    "Level of finality": "Уровень окончательности",
    (
        "Make a home for a node: the community's genesis, a configuration to read, a seat's keys."
        "\n\nWith a snapshot the node begins at a block that is proven final, and fetches the "
        "blocks before that while it runs."
    ): (
        "Создать папку узла: устав сообщества, настройки с пояснениями, ключи места.\n\n"
        "Со снимком узел начинает с блока, окончательность которого доказана; блоки до него он "
        "получит, пока работает."
    ),
    "Name an address or a transaction's id, or a proof with --verify.": (
        "Назовите адрес или номер транзакции, или доказательство через --verify."
    ),
    "No block is known to be final yet: try again in a few blocks.": (
        "Пока неизвестен ни один окончательный блок: повторите через несколько блоков."
    ),
    "No final block covers it yet: try again in a few blocks.": (
        "Окончательного блока над этим пока нет: повторите через несколько блоков."
    ),
    "Pass this line on, or the file; compare it with what others show you:": (
        "Передайте эту строку или файл; сравните её с тем, что показывают другие:"
    ),
    "Proof of finality": "Доказательство окончательности",
    "Prove it from a stopped node's home.": "Доказать по папке остановленного узла.",
    (
        "Prove to a stranger what is final: an account's row or its absence, or a transaction.\n\n"
        "SUBJECT is an address or a transaction's id. The proof leads from the genesis, or a "
        "checkpoint, over every change of the servers' set to a block that they have made final. "
        "Ends with 7 when it does not hold."
    ): (
        "Доказать постороннему то, что окончательно: запись счёта, её отсутствие или транзакцию."
        "\n\nSUBJECT — адрес или номер транзакции. Доказательство ведёт от устава или контрольной "
        "точки через каждую смену состава серверов к блоку, который они сделали окончательным. "
        "Код выхода 7, если оно неверно."
    ),
    "Say whom you trust: --genesis FILE with the constitution, or --checkpoint FILE.": (
        "Скажите, чему доверяете: --genesis FILE с уставом или --checkpoint FILE."
    ),
    "Set since block": "Состав с блока",
    (
        "Show the newest final block as a checkpoint, from which others may take up the chain.\n\n"
        "It is that of the node of --node, else of --home, whether a node runs there or not."
    ): (
        "Показать новейший окончательный блок как контрольную точку, с которой другие могут "
        "начать.\n\nБерётся у узла из --node, иначе у --home, работает там узел или нет."
    ),
    "Size in bytes": "Размер в байтах",
    "Slot": "Слот",
    "Taking in the snapshot": "Приём снимка",
    "The proof does not hold: {reason}": "Доказательство неверно: {reason}",
    "The proof holds: the servers' set has made this final.": (
        "Доказательство верно: состав серверов сделал это окончательным."
    ),
    "The proof is about something else than {text}.": (
        "Доказательство не о том: ожидалось {text}."
    ),
    "Trusted from block": "Доверие с блока",
    (
        "What you trust is older than bonds stay locked: its servers may be gone by now. Take a "
        "newer checkpoint from people you trust, and check again."
    ): (
        "То, чему вы доверяете, старше срока, на который заперты залоги: тех серверов может уже "
        "не быть. Возьмите новую контрольную точку у тех, кому доверяете, и проверьте снова."
    ),
    (
        "Write the state after the newest final block to a file, with the proof that it is final."
        "\n\nAnother node can begin with it: pai node init --snapshot FILE. This node must not be "
        "running."
    ): (
        "Записать в файл состояние после новейшего окончательного блока с доказательством "
        "окончательности.\n\nС него может начать другой узел: pai node init --snapshot FILE. "
        "Этот узел должен быть остановлен."
    ),
    "Writing the snapshot": "Запись снимка",
    "{file} does not hold: {reason}": "{file} не проходит проверку: {reason}",
    "{file} exists and is no snapshot: choose another name.": (
        "{file} уже есть, и это не снимок: выберите другое имя."
    ),
    "{n} row as of block {height} written to {file}.": (
        "В {file} записана {n} запись состояния после блока {height}.",
        "В {file} записаны {n} записи состояния после блока {height}.",
        "В {file} записано {n} записей состояния после блока {height}.",
    ),
}

SENTENCES: Final[dict[str, str]] = {
    "no block is known to be final here yet: there is nothing to prove": (
        "здесь пока неизвестен ни один окончательный блок: доказывать нечего"
    ),
    "the file is no snapshot, or is cut off": "файл — не снимок или обрывается",
    "the file is no snapshot, or is damaged: {0}": "файл — не снимок или повреждён: {0}",
    "the snapshot breaks off": "снимок обрывается",
    "the snapshot has more parts than its outline": "в снимке больше частей, чем в оглавлении",
    "the snapshot is of another community than the genesis": (
        "снимок другого сообщества, не того, что в уставе"
    ),
    "what proves block {0} final is not kept here": (
        "того, что доказывает окончательность блока {0}, здесь нет"
    ),
    "the chain ends before block {0} of the checkpoint": (
        "цепь кончается раньше блока {0} из контрольной точки"
    ),
    "this is another block than the checkpoint's": "это другой блок, не из контрольной точки",
    "another block than the one proven": "не тот блок, который доказан",
    (
        "the node began with a snapshot and has no blocks before {0}: let it run until it has "
        "fetched them, or export the chain of a node that has them all"
    ): (
        "узел начал со снимка, и блоков до {0} у него нет: пусть поработает, пока не получит их, "
        "или выгрузите цепь узла, где есть все"
    ),
    "{0} began with a snapshot and has no blocks before {1}": (
        "{0} начинается со снимка, и блоков до {1} там нет"
    ),
    (
        "{0} does not have all blocks before its snapshot: 'pai node status' says how many are to "
        "come. Wait for them, or ask another node"
    ): (
        "у {0} не все блоки до его снимка: «pai node status» скажет, сколько ещё получить. "
        "Дождитесь их или спросите другой узел"
    ),
    "the chain here does not have the checkpoint's block {0}: one of them is of another history. "
    "Compare the checkpoint with what others show; then begin in a new home": (
        "в здешней цепочке нет блока {0} контрольной точки: она или точка — из другой истории. "
        "Сверьте точку с тем, что показывают другие, и начните в новой папке"
    ),
    "{0} is no checkpoint: it is one line of hexadecimal digits": (
        "{0} — не контрольная точка: она — одна строка шестнадцатеричных цифр"
    ),
    "{0} is no proof: {1}": "{0} — не доказательство: {1}",
    "the first list": "первый список",
    "the proof names no block of its own": "доказательство не называет своего блока",
    "version {0}": "версия {0}",
    "block {0}": "блок {0}",
    "block {0} after {1}": "блок {0} после {1}",
    "rounds {0} and {1}": "раунды {0} и {1}",
    "from {0} to {1}": "с {0} по {1}",
    "round {0} of a block of slot {1}": "раунд {0}, блок слота {1}",
    "node {0}": "узел {0}",
    "part {0}": "часть {0}",
    "the nodes are out of order": "узлы не по порядку",
    "the root is missing": "корня нет",
    "block {0} is too far below the head to read the state after it": (
        "блок {0} слишком далеко под вершиной, чтобы прочесть состояние после него"
    ),
    "{0} slots old, at most {1}": "возраст в слотах {0}, не более {1}",
}
