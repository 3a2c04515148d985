"""Sentences of chain/, of genesis/, of click and of the system; figures are ``{0}``, ``{1}``."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    # Of chain/: bytes and amounts.
    "{0} bytes, at most {1}": "байтов {0}, не больше {1}",
    "text is not in Unicode normal form C": "текст не в нормальной форме Юникода C",
    "text of more than {0} bytes": "текст длиннее {0} байтов",
    "{0} is not an amount: write digits and at most six decimals, like 12.50": (
        "{0} — не сумма: пишите цифры и не больше шести знаков после запятой, например 12,50"
    ),
    "{0} is more than an account can hold": "{0} — больше, чем вмещает счёт",
    "keys of a policy are sorted and distinct": "ключи правила подписи упорядочены и различны",
    "a policy cannot ask for more signatures than it has keys": (
        "правило не может требовать больше подписей, чем в нём ключей"
    ),
    (
        "the libsodium in use accepts keys outside the prime-order group (CVE-2025-69277): install "
        "PyNaCl 1.6.2 or newer (here: {0})"
    ): (
        "используемая libsodium принимает ключи вне группы простого порядка (CVE-2025-69277): "
        "установите PyNaCl 1.6.2 или новее (здесь {0})"
    ),
    (
        "the libsodium in use verifies signatures by another equation than this community's: "
        "install PyNaCl 1.6.2 (here: {0})"
    ): (
        "используемая libsodium проверяет подписи не тем уравнением, что это сообщество: "
        "установите PyNaCl 1.6.2 (здесь {0})"
    ),
    # Of chain/: addresses.
    "{0} mixes capital and small letters: copy the address again": (
        "в {0} смешаны большие и малые буквы: скопируйте адрес ещё раз"
    ),
    "{0} is not an address: it looks like {1}1q...": "{0} — не адрес: адрес похож на {1}1q...",
    "{0} has a typing error: its checksum does not fit": (
        "в {0} опечатка: контрольная сумма не сходится"
    ),
    "{0} belongs to another community: ours begin with {1}1": (
        "{0} принадлежит другому сообществу: наши адреса начинаются с {1}1"
    ),
    "{0} is not an account's address": "{0} — не адрес счёта",
    # Of chain/: the ledger and its store.
    "block {0} is too old to be undone": "блок {0} слишком старый, его уже не отменить",
    "no community can be founded on this genesis": "на этом уставе нельзя основать сообщество",
    "this folder holds another community: choose another home": (
        "в этой папке другое сообщество: выберите другую"
    ),
    (
        "this folder holds a chain of other rules ({0}): install the version of Pai that the "
        "community uses"
    ): (
        "в этой папке цепочка с другими правилами ({0}): установите ту версию Pai, которой "
        "пользуется сообщество"
    ),
    "cannot open {0}: another process uses it, or the disk refuses ({1})": (
        "не удаётся открыть {0}: её занял другой процесс или отказывает диск ({1})"
    ),
    "{0} (a block is missing)": "{0} (нет одного из блоков)",
    "the store's genesis cannot be read: restore the store or sync anew": (
        "устав в хранилище не читается: восстановите хранилище или загрузите цепочку заново"
    ),
    "{0} (its genesis is missing)": "{0} (нет устава)",
    "{0} (its rows do not give the root of block {1})": "{0} (её строки не дают корня блока {1})",
    "the store has been closed: ask again": "хранилище закрыто: спросите ещё раз",
    "the disk failed: is it full, or read-only? ({0})": (
        "диск отказал: не полон ли он, не только ли для чтения? ({0})"
    ),
    "the store is damaged: restore it or sync anew ({0})": (
        "хранилище повреждено: восстановите его или загрузите цепочку заново ({0})"
    ),
    "computed {0}, the header says {1}": "вычислено {0}, в заголовке {1}",
    # Of chain/: figures beside a refusal.
    "{0} epochs": "эпох: {0}",
    "balance {0}, no credit saves": "на счёте {0}, а в долг не копят",
    "it holds {0}": "в нём {0}",
    "{0} to {1} periods": "от {0} до {1} периодов",
    "deposit {0}": "вклад {0}",
    "at most {0}": "не больше {0}",
    "at most {0} bytes": "не больше {0} байтов",
    "at least {0}": "не меньше {0}",
    "fee {0}, at most {1} was allowed": "плата {0}, а разрешено не больше {1}",
    "{0} units": "единиц: {0}",
    "{0} bytes": "байтов: {0}",
    "a primary has rank 0": "у основного блока очередь 0",
    "rank {0} is not due yet": "очередь {0} ещё не наступила",
    "rank {0} belongs to another seat": "очередь {0} — у другого места",
    "version {0}": "версия {0}",
    "another one waits with this sequence": "другая с этим номером уже ждёт",
    "{0}, the account is at {1}": "{0}, а у счёта {1}",
    "at slot {0}, now {1}": "в слоте {0}, сейчас {1}",
    "at most {0} slots ahead": "не дальше {0} слотов",
    "a policy is revealed once, by the first action": (
        "правило подписи раскрывают один раз, первым действием"
    ),
    "{0} of {1} keys": "{0} из {1} ключей",
    "the three keys of a seat must differ": "три ключа места должны различаться",
    "{0} seats of {1} are bonded": "мест с залогом {1}: {0}",
    "{0}, expected {1}": "{0}, ожидалось {1}",
    "{0}, it is slot {1} now": "{0}, а сейчас слот {1}",
    "{0}, the parent has {1}": "{0}, у предыдущего блока {1}",
    "transaction {0}: {1}": "транзакция {0}: {1}",
    # Of chain/: faults of a genesis.
    "slots_per_step must divide slots_per_period and slots_per_epoch": (
        "slots_per_step должно делить slots_per_period и slots_per_epoch"
    ),
    "slots_per_epoch must be at least 3 window_slots + 4": (
        "slots_per_epoch должно быть не меньше 3 window_slots + 4"
    ),
    "24 epochs must be shorter than 28 periods": "24 эпохи должны быть короче 28 периодов",
    "account_idle_periods must be longer than transaction_life_slots": (
        "account_idle_periods должно быть дольше transaction_life_slots"
    ),
    "transaction_life_slots must be at least two epochs": (
        "transaction_life_slots должно быть не короче двух эпох"
    ),
    "set_list_keep_periods > unbonding_periods > evidence_periods must hold": (
        "должно быть set_list_keep_periods > unbonding_periods > evidence_periods"
    ),
    "clearing_interval_slots must be more than two windows": (
        "clearing_interval_slots должно быть больше двух окон"
    ),
    "level_epochs must rise": "level_epochs должны возрастать",
    "recovery periods must be ordered min <= default <= max": (
        "периоды восстановления должны идти так: min <= default <= max"
    ),
    "the sinks must sum to 10,000": "доли демереджа должны давать в сумме 10 000",
    "the reward shares must sum to 10,000": "доли вознаграждения должны давать в сумме 10 000",
    "the reserve's share must be at least 2,000": "доля резерва должна быть не меньше 2 000",
    "savings_min_periods must not exceed savings_max_periods": (
        "savings_min_periods не должно превышать savings_max_periods"
    ),
    "the schedule of demurrage must begin at step 0": (
        "расписание демереджа должно начинаться с шага 0"
    ),
    "the segments of the schedule must begin at rising steps": (
        "участки расписания должны начинаться с возрастающих шагов"
    ),
    "a kept fraction must lie between 0 and 2^64; leave it out for none": (
        "остающаяся доля должна быть между 0 и 2^64; чтобы демереджа не было, не пишите её"
    ),
    "demurrage may take at most 10 % a period": "демередж может брать не больше 10 % за период",
    (
        "this genesis has rules of version {0}, this program knows version {1}: install the "
        "version of Pai that the community uses"
    ): (
        "в этом уставе правила версии {0}, а программа знает версию {1}: установите ту версию "
        "Pai, которой пользуется сообщество"
    ),
    "act_pair and act_budget must lie between a thousandth of bond_min and bond_min": (
        "act_pair и act_budget должны быть от тысячной доли bond_min до bond_min"
    ),
    "order_tolerance must not exceed base": "order_tolerance не должно превышать base",
    "{0} is {1}, but must lie between {2} and {3}": "{0} — {1}, а должно быть от {2} до {3}",
    "the prefix of addresses is 1 to 16 small Latin letters and digits": (
        "начало адресов — от 1 до 16 малых латинских букв и цифр, первая — буква"
    ),
    "{0} pai are more than a community can issue": (
        "{0} пай — больше, чем сообщество может выпустить"
    ),
    "accounts must be sorted by id, each once": "счета упорядочены по id, каждый один раз",
    "authorities must be sorted by id, each once": (
        "удостоверяющие центры упорядочены по id, каждый один раз"
    ),
    "the authority {0} has an id that is not its policy's": (
        "id удостоверяющего центра {0} не соответствует его правилу подписи"
    ),
    "attestations must be sorted by authority and subject, each pair once": (
        "удостоверения упорядочены по центру и счёту, каждая пара один раз"
    ),
    "an attestation names an authority that the genesis does not have": (
        "удостоверение называет центр, которого в уставе нет"
    ),
    "an attestation names a subject without an account": (
        "удостоверение называет счёт, которого нет"
    ),
    "an account has more than {0} deposits": "на одном из счетов больше {0} вкладов",
    "within a group of authorities a person has one tag and one account": (
        "в группе удостоверяющих центров у человека одна метка и один счёт"
    ),
    "a community needs at least one seat: make one with 'pai seat keys'": (
        "сообществу нужно хотя бы одно место: создайте его командой «pai seat keys»"
    ),
    "seats must be sorted by account, each once": "места упорядочены по счёту, каждое один раз",
    "there are more than {0} seats": "мест больше {0}",
    "the seat {0} has no account": "у места {0} нет счёта",
    "the seat {0} has no owner identified by the home group": (
        "владелец места {0} не удостоверен своей группой центров"
    ),
    "the seat {0} needs a bond of {1} pai": "месту {0} нужен залог {1} пай",
    "the seat {0} has a key that another seat has": (
        "у места {0} ключ, который есть у другого места"
    ),
    "the keys of seat {0}: {1}": "ключи места {0}: {1}",
    "{0} is not an address: it has letters that are not Latin": (
        "{0} — не адрес: в нём есть буквы не латинские"
    ),
    "{0}... is too long for an address": "{0}... слишком длинно для адреса",
    "text with characters that Unicode 14.0 does not have": (
        "в тексте есть знаки, которых нет в Юникоде 14.0"
    ),
    "text with control characters": "в тексте есть управляющие знаки",
    "version {0}, known here: {1}": "версия {0}, здесь известна {1}",
    "the schedule of demurrage has more than {0} segments": (
        "в расписании демереджа больше {0} участков"
    ),
    "a deposit must hold at least {0} pai": "во вкладе должно быть не меньше {0} пая",
    "an attestation runs from slot 0 to a slot between 1 and {0}": (
        "удостоверение действует со слота 0 до слота от 1 до {0}"
    ),
    "groups of authorities are numbered from 0 to {0}": "группы центров нумеруются от 0 до {0}",
    "no account and no fund can begin below zero": "ни счёт, ни фонд не могут начинаться ниже нуля",
    "the genesis time must lie before the year 10000": "время основания должно быть до 10000 года",
    "the terms of deposits and bonds must lie between {0} and {1} periods": (
        "сроки вкладов и залогов должны быть от {0} до {1} периодов"
    ),
    # Of genesis/: what is wrong in a file.
    "{0} is named twice among the members: remove one": (
        "{0} назван среди участников дважды: уберите один"
    ),
    "this line has not as many columns as the first": (
        "в этой строке не столько столбцов, как в первой"
    ),
    "a list of members has at most {0} bytes": "в списке участников не больше {0} байтов",
    "line {0}: {1}": "строка {0}: {1}",
    "the file is not UTF-8 text": "файл — не текст в UTF-8",
    "the first line names the columns, each once, one of them 'address'": (
        "первая строка называет столбцы, каждый один раз, один из них «address»"
    ),
    "this file exists already: choose another name": "такой файл уже есть: выберите другое имя",
    "a seat has three proofs: of its vote key, VRF key and standby key": (
        "у места три доказательства: ключа голоса, ключа VRF и запасного ключа"
    ),
    "there is no seat in this file: make one with 'pai seat keys'": (
        "в этом файле нет места: создайте его командой «pai seat keys»"
    ),
    (
        "this program knows the rules of version {0} alone: install the version of Pai that the "
        "community uses"
    ): (
        "эта программа знает только правила версии {0}: установите ту версию Pai, которой "
        "пользуется сообщество"
    ),
    "{0} is outside what this figure may be": "{0} вне того, каким может быть это число",
    "a constitution has at most {0} bytes": "в уставе не больше {0} байтов",
    "a community begins at a whole second: leave out the fraction": (
        "сообщество начинается в целую секунду: уберите дробь"
    ),
    "a fraction of 2^64 lies between 0 and 18446744073709551616": (
        "доля от 2^64 лежит между 0 и 18446744073709551616"
    ),
    "this is not an amount: write it like '12.50'": "это не сумма: пишите, например, '12.50'",
    "this key is missing: add it": "этого ключа нет: добавьте его",
    "there is no such key, did you mean {0}?": "такого ключа нет, может быть, {0}?",
    "there is no such key, remove it": "такого ключа нет, уберите его",
    "write a list in brackets: [..., ...]": "пишите список в скобках: [..., ...]",
    "write a moment like 2026-03-01T08:00:00Z": "пишите время так: 2026-03-01T08:00:00Z",
    "write a text in quotes": "пишите текст в кавычках",
    "write an address in quotes: it looks like {0}1q...": (
        "пишите адрес в кавычках: он похож на {0}1q..."
    ),
    "write each of these as a table [[...]] of its own": (
        "пишите каждый отдельной таблицей [[...]]"
    ),
    "write this as a table [...] of its own": "пишите это отдельной таблицей [...]",
    "write {0} hexadecimal digits in quotes": "пишите в кавычках шестнадцатеричных цифр: {0}",
    "{0} is below zero: nobody is born with debts": "{0} ниже нуля: с долгами никто не рождается",
    "{0} is not a fraction of 2^64: write its digits in quotes": (
        "{0} — не доля от 2^64: пишите её цифры в кавычках"
    ),
    "{0} is not a whole number from 0: write digits without quotes": (
        "{0} — не целое число от 0: пишите цифры без кавычек"
    ),
    "the file nests too deeply": "в файле слишком много вложений",
    "this is not TOML: {0}": "это не TOML: {0}",
    # Of genesis/: warnings.
    "a bond's term is no longer than the time it takes to release a bond": (
        "срок залога не дольше времени, за которое залог освобождается"
    ),
    "accounts without an identified owner: {0}": "счетов без удостоверенного владельца: {0}",
    (
        "all bonds together are {0} pai of {1}: cheating could pay more than it costs; ask for "
        "larger bonds"
    ): (
        "все залоги вместе, в паях, — {0} из {1}: обман мог бы окупиться; потребуйте залогов "
        "побольше"
    ),
    "attestations end within the first 90 periods": (
        "удостоверения кончаются в первые 90 периодов"
    ),
    "one authority alone says who is a person: its word makes votes and seats": (
        "людей удостоверяет один-единственный центр: его слово создаёт голоса и места"
    ),
    "one seat alone decides what is true: whoever holds it can rewrite history": (
        "что верно, решает одно-единственное место: его владелец может переписать историю"
    ),
    "the authority {0} acts by one key: whoever finds that key makes persons": (
        "центр {0} действует одним ключом: кто найдёт этот ключ, удостоверит кого угодно"
    ),
    "two attestations have one commitment: salts were used twice": (
        "у двух удостоверений одно обязательство: соли использованы дважды"
    ),
    "with {0} seats every single one must be honest and awake: found with four or more": (
        "при числе мест {0} каждое должно быть честным и на связи: основывайте с четырьмя и больше"
    ),
    # Of click and the operating system.
    "No such option {0}.": "Нет параметра {0}.",
    "No such option {0}. Did you mean {1}?": "Нет параметра {0}. Может быть, {1}?",
    "No such option {0}. (Did you mean one of: {1}?)": "Нет параметра {0}. Может быть, {1}?",
    "No such command {0}.": "Нет команды {0}.",
    "No such command {0}. Did you mean {1}?": "Нет команды {0}. Может быть, {1}?",
    "No such command {0}. (Did you mean one of: {1}?)": "Нет команды {0}. Может быть, {1}?",
    "Missing command.": "Не хватает команды.",
    "Missing argument {0}.": "Не хватает аргумента {0}.",
    "Missing argument {0}. Choose from:\n\t{1}": "Не хватает аргумента {0}. На выбор: {1}",
    "Missing option {0}.": "Не хватает параметра {0}.",
    "Missing option {0}. Choose from:\n\t{1}": "Не хватает параметра {0}. На выбор: {1}",
    "Invalid value for {0}: {1}": "Не годится значение {0}: {1}",
    "Invalid value: {0}": "Не годится значение: {0}",
    "Got unexpected extra argument ({0})": "Лишний аргумент: {0}.",
    "Got unexpected extra arguments ({0})": "Лишние аргументы: {0}.",
    "Option {0} requires an argument.": "Параметру {0} нужно значение.",
    "Option {0} requires {1} arguments.": "Параметру {0} нужны значения, числом {1}.",
    "Option {0} does not take a value.": "Параметр {0} — без значения.",
    "Argument {0} takes {1} values.": "Аргументу {0} нужны значения, числом {1}.",
    "{0} is not a valid {1}.": "{0} — не {1}.",
    "{0} is not a whole number.": "{0} — не целое число.",
    "{0} is not a number.": "{0} — не число.",
    "{0} is not one of {1}.": "{0} — не из {1}.",
    "{0} is not in the range {1}.": "{0} вне границ {1}.",
    "File {0} does not exist.": "Файла {0} нет.",
    "File {0} is a directory.": "{0} — папка, а не файл.",
    "File {0} is not readable.": "Файл {0} не читается.",
    "Directory {0} does not exist.": "Папки {0} нет.",
    "Directory {0} is a file.": "{0} — файл, а не папка.",
    "Path {0} does not exist.": "{0} нет.",
    "No such file or directory": "нет такого файла или папки",
    "Permission denied": "нет прав",
    "Is a directory": "это папка",
    "Not a directory": "это не папка",
    "File exists": "файл уже есть",
    "No space left on device": "на диске нет места",
    "Read-only file system": "диск только для чтения",
    "Address already in use": "адрес уже занят",
}
