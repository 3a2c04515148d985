"""What ``pai genesis`` says, and the comments of a constitution."""

from typing import Final

from wallet.words import Texts

TEXTS: Final[Texts] = {
    # Commands.
    "Found a community: write its constitution from a preset, show it in words, check it.": (
        "Основать сообщество: написать его устав по образцу, показать словами, проверить."
    ),
    "List the presets and say for whom each is meant.": (
        "Перечислить образцы и сказать, для кого они."
    ),
    "Print the address of the wallet NAME in a community to come, to give to its founders.": (
        "Показать адрес кошелька NAME в будущем сообществе, чтобы передать основателям."
    ),
    (
        "Write a constitution from a preset.\n\nThe founders attest the members: the "
        "constitution holds only what hides them; names, salts and the founders' key go into a "
        "private file. Without seats it is a draft to be completed by hand."
    ): (
        "Написать устав по образцу.\n\nУчастников удостоверяют основатели: в уставе лишь то, "
        "что их скрывает; имена, соли и ключ основателей — в закрытом файле. Без мест это "
        "черновик, который дополняют вручную."
    ),
    "Tell in words what a constitution means for a member.": (
        "Рассказать словами, что устав значит для участника."
    ),
    "Check a constitution: faults forbid founding on it, warnings say what members should know.": (
        "Проверить устав: ошибки не дают основать на нём сообщество, предупреждения говорят, что "
        "надо знать участникам."
    ),
    # Options.
    "Name of the community.": "Название сообщества.",
    "File for the constitution.": "Файл для устава.",
    "File for the founders' secrets; by default the name of the constitution and .private.": (
        "Файл для тайн основателей; по умолчанию имя устава и .private."
    ),
    "Seat that 'pai seat keys' has written; may be given several times.": (
        "Место, которое записала «pai seat keys»; можно задать несколько раз."
    ),
    "Address of a member; may be repeated.": "Адрес участника; можно повторять.",
    "Members in a CSV table with a column 'address'.": (
        "Участники в таблице CSV со столбцом «address»."
    ),
    "What each member begins with, in pai, instead of the preset's.": (
        "С чем начинает каждый участник, в паях, вместо взятого из образца."
    ),
    "Address that receives the preset's issue, such as a farm's.": (
        "Адрес, который получает выпуск из образца, например хозяйства."
    ),
    "When slot 0 begins, like 2026-03-01T08:00; by default now.": (
        "Когда начинается слот 0, например 2026-03-01T08:00; по умолчанию сейчас."
    ),
    "What addresses of the community begin with.": "С чего начинаются адреса сообщества.",
    "Name of the authority that attests the first members.": (
        "Название центра, который удостоверяет первых участников."
    ),
    "Where the authority's word holds, such as RU.": "Где действует слово центра, например RU.",
    "List every constant and parameter with its meaning.": (
        "Перечислить все постоянные и параметры с их смыслом."
    ),
    # Answers.
    "preset": "образец",
    "for whom": "для кого",
    "Written: {file}. Keep {private} to yourselves: whoever has it can make persons.": (
        "Записано: {file}. Не показывайте никому {private}: у кого он есть, тот может удостоверять."
    ),
    "Community: {community}": "Сообщество: {community}",
    "No community can be founded on this constitution.": (
        "На этом уставе нельзя основать сообщество."
    ),
    "A community can be founded on this constitution.": "На этом уставе можно основать сообщество.",
    "finding": "вид",
    "what was found": "что найдено",
    "fault": "ошибка",
    "warning": "предупреждение",
    "This is a draft; before anybody can found on it:": (
        "Это черновик; чтобы на нём можно было основать сообщество:"
    ),
    # Failures.
    "{path} exists already: choose another name.": "{path} уже есть: выберите другое имя.",
    "The preset {preset} issues money to one account that pays it out: name it with --issue-to "
    "ADDRESS.": (
        "По образцу {preset} деньги получает один счёт, который их выплачивает: назовите его, "
        "--issue-to АДРЕС."
    ),
    "{value} is not a moment: write it like 2026-03-01T08:00 or 2026-03-01T08:00:00Z.": (
        "{value} — не время: пишите, например, 2026-03-01T08:00 или 2026-03-01T08:00:00Z."
    ),
    "A balance cannot begin below zero: {text}": "Счёт не может начинаться ниже нуля: {text}",
    # The constitution in words.
    "Begins": "Начало",
    "A block at most every": "От блока до блока не меньше",
    "The community's day (period)": "Сутки сообщества (период)",
    "Addresses begin with": "Адреса начинаются с",
    "What melts: money in settlement (demurrage)": "Что тает: деньги на расчётном счёте (демередж)",
    "after": "через",
    "a month": "месяц",
    "a year": "год",
    "remain of 1,000 pai": "остаётся из 1000 паёв",
    "lost": "потеря",
    "Nothing melts: there is no demurrage.": "Ничего не тает: демереджа нет.",
    (
        "Savings lose nothing. They are put away for {least} to {most} and cannot pay meanwhile; "
        "whoever takes them back earlier bears the demurrage they were spared."
    ): (
        "Накопления не теряют ничего. Наименьший срок — {least}, наибольший — {most}; платить "
        "ими тем временем нельзя, а кто забирает раньше, несёт демередж, которого они избежали."
    ),
    "Where demurrage goes": "Куда идёт демередж",
    "The reserve is full at a tenth of all that members owe; what is above goes to the social "
    "fund.": (
        "Резерв полон, когда в нём десятая часть всего, что должны участники; что сверх того, "
        "идёт в социальный фонд."
    ),
    "receiver": "получатель",
    "share": "доля",
    "An identified member makes about {n} payment a period for nothing.": (
        "Удостоверенный участник бесплатно делает за период около {n} платежа.",
        "Удостоверенный участник бесплатно делает за период около {n} платежей.",
        "Удостоверенный участник бесплатно делает за период около {n} платежей.",
    ),
    "Beyond that a payment costs about {fee} pai, which goes to those who run the servers.": (
        "Сверх этого платёж стоит около {fee} пая; плата идёт тем, кто держит серверы."
    ),
    "Beyond that, payments cost nothing either.": "И сверх этого платежи ничего не стоят.",
    "{n} account, {persons} of identified persons": (
        "{n} счёт, из них людей с удостоверением: {persons}",
        "{n} счёта, из них людей с удостоверением: {persons}",
        "{n} счетов, из них людей с удостоверением: {persons}",
    ),
    "money at the start": "деньги при основании",
    "in settlement": "на расчётных счетах",
    "in savings": "в накоплениях",
    "bonds of seats": "залоги мест",
    "in common funds": "в общих фондах",
    "in all": "всего",
    "Who says that somebody is a person": "Кто удостоверяет людей",
    "authority": "удостоверяющий центр",
    "jurisdiction": "где действует",
    "attested": "удостоверено",
    "gives vote and seat": "даёт голос и место",
    "{m} of {n}": "{m} из {n}",
    "Who runs the servers": "Кто держит серверы",
    "owner of the seat": "владелец места",
    "weight": "вес",
    "All figures": "Все числа",
    "figure": "имя",
    "value": "значение",
    "unit": "единица",
    "meaning": "смысл",
    # Comments of the file.
    "The constitution of a community. Whoever changes it founds another community.": (
        "Устав сообщества. Кто меняет его, основывает другое сообщество."
    ),
    "what the addresses of this community begin with": (
        "с чего начинаются адреса этого сообщества"
    ),
    "version of the rules; it changes with the program": "версия правил; меняется с программой",
    "when slot 0 begins": "когда начинается слот 0",
    (
        "Demurrage: from this step on a balance keeps keep / 2^64 of itself at every step; "
        "without keep it keeps all. Savings bear none."
    ): (
        "Демередж: с этого шага на каждом шаге от остатка сохраняется доля keep / 2^64; без "
        "keep сохраняется всё. Накопления его не несут."
    ),
    "of 1,000 pai {remains} remain after {time}": "из 1000 паёв через {time} остаётся {remains}",
    "Authorities say that an account is a person's. Group 0 is the home group: its word gives "
    "credit, vote and seat. Any threshold of the keys act together.": (
        "Удостоверяющие центры говорят, что счёт принадлежит человеку. Группа 0 — своя: её слово "
        "даёт кредит, голос и место. Действуют вместе любые threshold ключей."
    ),
    (
        "Accounts at the start, in pai. No name stands here: the commitment hides what an "
        "authority has seen, and the tag is one for one person."
    ): (
        "Счета при основании, в паях. Имён здесь нет: обязательство (commitment) скрывает то, "
        "что видел центр, а метка (tag) у человека одна."
    ),
    "Seats: the servers that make blocks, and what their owners bond for them.": (
        "Места: серверы, которые создают блоки, и залоги их владельцев."
    ),
}
