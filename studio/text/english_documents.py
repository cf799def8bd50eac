"""English: a project's documents, searching them, and how well a model's searches find them."""

TEXT: dict[str, str] = {
    "docs.title": "Your documents",
    "docs.lead": "What your search tool would look through. A call in the Playground can be answered from "
    "them, and you see here whether the model's searches find the right ones. They stay on this computer.",
    # The list
    "docs.have": "{n} document|{n} documents",
    "docs.empty_title": "No documents yet",
    "docs.empty_body": "Choose files above, or paste a text. Each row of a table becomes a document of its own.",
    "docs.file": "Add files: plain text, Markdown, PDF, CSV, XLSX",
    "docs.paste": "Paste a text",
    "docs.paste_title": "Title",
    "docs.paste_text": "Text",
    "docs.add": "Add",
    "docs.nothing": "There is no text to add.",
    "docs.nothing_hint": "Give it a title and paste its text.",
    "docs.reading": "Reading {n} file…|Reading {n} files…",
    "docs.added": "{n} document added.|{n} documents added.",
    "docs.refused_row": "{file}, row {row}: {reason}",
    "docs.refused_more": "{n} more row could not be read.|{n} more rows could not be read.",
    "docs.too_many_files": "Choose {most} files at most at a time.",
    "docs.name": "Title",
    "docs.characters": "Characters",
    "docs.open": "Show {title}",
    "docs.cut": "This is the beginning of it.",
    "docs.delete": "Delete",
    "docs.delete_one": "Delete {title}",
    "docs.delete_all": "Delete all",
    "docs.deleted": "{n} document is deleted.|{n} documents are deleted.",
    "docs.undo": "Undo",
    "docs.restored": "{n} document is back.|{n} documents are back.",
    "docs.undo_gone": "There is nothing to undo here.",
    "docs.page": "{first} to {last} of {n}",
    "docs.back": "Back",
    "docs.next": "Next",
    # Searching and marking
    "docs.search_title": "Try a search",
    "docs.search_lead": "What a search would find. Choose a test question to say which documents answer it.",
    "docs.question": "Test question",
    "docs.no_question": "none, just search",
    "docs.words": "Search words",
    "docs.search": "Search",
    "docs.no_words": "Write some words to search for, or choose a question.",
    "docs.nothing_found": "No document has one of these words.",
    "docs.tick": "“{title}” answers the question",
    "docs.marked_also": "Marked, but not among the first {k} of this search",
    "docs.marked": "{n} document answers this question.|{n} documents answer this question.",
    "docs.unmarked": "Tick what answers this question. Search again in your own words where it is not there.",
    "docs.no_test": "There are no test questions that expect a call. Add some under Examples, then mark them "
    "here.",
    # How well the model's searches find them
    "docs.figures_title": "Do the searches of {run} find them?",
    "docs.figures_none": "Do the model's searches find them?",
    "docs.no_run": "Train first: then the searches of the untouched and of the tuned model are compared here, "
    "each test question that has a marked document counting once.",
    "docs.no_answers": "{run} has no answers to test questions yet, so there are no searches to compare.",
    "docs.no_marks": "None of the test questions of {run} is marked with a document that answers it. Choose a "
    "question above and tick what answers it; the figures appear at once, without asking the model again.",
    "docs.way.prompt": "The question itself",
    "docs.way.before": "Before training",
    "docs.way.after": "After training",
    "docs.way.alone": "The model",
    "docs.way": "Searched with",
    "docs.first": "First",
    "docs.among": "In the first {k}",
    "docs.mrr": "Mean reciprocal rank",
    "docs.recall_cell": "recall {recall}",
    "docs.interval": "{low} to {high} %",
    "docs.better": "Before training the searches found a document that answers among the first {k} for "
    "{before} of {n} questions, now for {after}. That is better, and more than luck.",
    "docs.worse": "Before training the searches found a document that answers among the first {k} for {before} "
    "of {n} questions, now for {after}. That is worse, and more than bad luck.",
    "docs.same": "Before and after training the searches find a document that answers among the first {k} for "
    "{after} of {n} questions.",
    "docs.open_verdict": "Before training the searches found a document that answers among the first {k} for "
    "{before} of {n} questions, now for {after}. That could be luck; about {further} more marked questions "
    "would tell.",
    "docs.unasked": "After training nothing was searched for {n} question: no call, another tool, or an answer "
    "that cannot be read.|After training nothing was searched for {n} questions: no call, another tool, or an "
    "answer that cannot be read.",
    "docs.how": "How many questions have a document that answers them among the first found (recall, where one "
    "document answers), and between which shares the true one lies with 95 % confidence (Wilson). Mean "
    "reciprocal rank: 1 where the first document found is a right one, 1/2 where the second is. The question "
    "itself needs no model.",
    "docs.each": "Each question",
    "docs.place": "place {place}",
    "docs.not_found": "not found",
    "docs.not_asked": "nothing searched",
}
