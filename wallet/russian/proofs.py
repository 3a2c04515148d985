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
}

SENTENCES: Final[dict[str, str]] = {
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
