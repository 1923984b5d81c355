"""The sentences letters are made of, by language."""

SUBJECTS = (
    "Proofs for the autumn catalogue",
    "Paper samples from the mill",
    "Launch evening on the quay",
    "Cover for “The Lighthouse Year”",
    "Print run and delivery dates",
    "Contract for the second volume",
    "Minutes of Tuesday's meeting",
    "Reprint of the field guide",
    "Photographs for chapter four",
    "Invoice for the spring binding",
    "Translation rights, northern list",
    "Stand at the book fair",
    "Index and endnotes",
    "Typeface for the poetry series",
    "Train to the festival",
    "Pallets waiting at the depot",
    "A question about the royalty statement",
    "Reading copies for the press",
)

OPENINGS = (
    "Thank you for sending this over so quickly.",
    "I have been through it twice now and have only small remarks.",
    "The printer called this morning and needs an answer by Thursday.",
    "Here is what we agreed on the telephone, so that it is written down.",
    "Sorry for the silence, the fair took the whole week.",
    "Good news from the depot: everything arrived dry.",
)

SENTENCES = (
    "The second signature has shifted by half a millimetre, which shows on pages 33 and 48.",
    "If we take the lighter stock we stay below the weight for the letter rate.",
    "The author would like the map to face the title page, and I think she is right.",
    "We can hold the price until the end of the month, not longer.",
    "Could you look at the captions once more before they go to the setter?",
    "The blue on the spine is colder than on the proof; the binder says it is the varnish.",
    "I have put the corrected file in the usual place and attached a copy here.",
    "They want 1,200 copies for the first week and the rest on call.",
    "The lorry leaves on Friday at seven, so the labels must be ready the day before.",
    "Two of the reviewers asked for a printed copy rather than a file.",
    "Nothing in the contract speaks against it, but I should like to ask Priya first.",
    "The old edition sold out in March and the waiting list is long.",
    "I would keep the ragged setting: the justified lines leave rivers on almost every page.",
    "The hall holds eighty people, and sixty have said that they will come.",
    "Please tell me whether the invoice should go to the press or to the shop.",
    "The endpapers arrived in the wrong grain direction and have gone back.",
)

CLOSINGS = (
    "Until Thursday,",
    "All the best,",
    "With kind regards,",
    "Yours,",
    "Talk soon,",
)

ELSEWHERE: tuple[tuple[str, str], ...] = (
    (
        "Épreuves de la couverture",
        "Bonjour,\n\nVous trouverez ci-joint la dernière version. Le bleu est plus chaud, comme nous l'avions demandé, "
        "et la typographie du dos a été resserrée.\n\nDites-moi si cela vous convient avant jeudi : l'imprimeur ferme vendredi.\n\nBien à vous,",
    ),
    (
        "Papiermuster und Liefertermin",
        "Guten Tag,\n\ndie Muster sind heute mit der Post unterwegs. Für das schwerere Papier brauchen wir drei Wochen, "
        "für das leichte genügen zehn Tage.\n\nDie Größe der Auflage ändert am Preis nur wenig.\n\nMit freundlichen Grüßen",
    ),
    (
        "Presupuesto para la reimpresión",
        "Hola:\n\nAdjunto el presupuesto para mil ejemplares. El precio incluye el envío al almacén y una prueba en color.\n\n"
        "¿Seguimos adelante con el papel de siempre?\n\nUn saludo,",
    ),
    (
        "展示会のご案内",
        "いつもお世話になっております。\n\n来月の展示会の招待状をお送りします。会場は駅から歩いて五分です。\n\nお会いできるのを楽しみにしております。",
    ),
    (
        "Иллюстрации к четвёртой главе",
        "Добрый день!\n\nПосылаю четыре рисунка в высоком разрешении. Если нужен другой формат, напишите, пожалуйста.\n\nС уважением,",
    ),
    (
        "مخطوطة الكتاب الجديد",
        "مرحبا،\n\nأرسل إليكم الفصلين الأول والثاني من المخطوطة. يسعدني أن أسمع رأيكم قبل نهاية الشهر.\n\nمع أطيب التحيات،",
    ),
)

NEWS_TITLES = (
    "Five ways to sew a spine",
    "Your tickets for Saturday",
    "Uncoated stock, ten per cent less this week",
    "Three loans are due on Monday",
    "What the autumn lists look like",
    "A visit to the last foundry on the river",
)
