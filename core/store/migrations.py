"""The shape of the database, one step a function. A step that was released is never edited; add another."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("callwright")


@migrations()
def m001_first_shape(db: Database) -> None:
    for statement in FIRST_SHAPE:
        db.conn.execute(statement)


@migrations()
def m002_undo_and_findings(db: Database) -> None:
    for statement in UNDO_AND_FINDINGS:
        db.conn.execute(statement)


@migrations()
def m003_queue_and_attempts(db: Database) -> None:
    for statement in QUEUE_AND_ATTEMPTS:
        db.conn.execute(statement)


@migrations()
def m004_evaluation_jobs_and_feedback(db: Database) -> None:
    for statement in EVALUATION_JOBS_AND_FEEDBACK:
        db.conn.execute(statement)


FIRST_SHAPE = (
    """CREATE TABLE projects (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL
    ) STRICT""",
    # Tools and arguments are kept as JSON text: a column for each key would fill what is missing with null.
    """CREATE TABLE tools (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        position INTEGER NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (project, name)
    ) STRICT""",
    """CREATE TABLE examples (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        split TEXT NOT NULL CHECK (split IN ('train', 'test')),
        prompt TEXT NOT NULL,
        tool TEXT NOT NULL,
        record TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX examples_project ON examples (project, id)",
    """CREATE TABLE snapshots (
        hash TEXT PRIMARY KEY,
        record TEXT NOT NULL,
        created TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'starting', 'training', 'evaluating',
                                             'finished', 'failed', 'cancelled', 'interrupted')),
        model TEXT NOT NULL,
        recipe TEXT NOT NULL,
        snapshot TEXT NOT NULL REFERENCES snapshots(hash),
        created TEXT NOT NULL,
        started TEXT,
        finished TEXT,
        attempt INTEGER NOT NULL DEFAULT 0,
        pid INTEGER,
        pid_started REAL,
        boot TEXT,
        heartbeat TEXT,
        stop_requested INTEGER NOT NULL DEFAULT 0,
        doing TEXT NOT NULL DEFAULT '',
        step INTEGER NOT NULL DEFAULT 0,
        steps INTEGER NOT NULL DEFAULT 0,
        seconds_left REAL,
        seconds_per_step REAL,
        memory INTEGER,
        device TEXT NOT NULL DEFAULT '',
        error TEXT,
        folder TEXT,
        train_seconds REAL,
        seconds REAL,
        UNIQUE (project, number)
    ) STRICT""",
    """CREATE TRIGGER runs_end_once BEFORE UPDATE OF state ON runs
        WHEN OLD.state IN ('finished', 'failed', 'cancelled', 'interrupted') AND NEW.state <> OLD.state
        BEGIN SELECT RAISE(ABORT, 'a run that has ended does not change its state'); END""",
    # Narrow rows. NaN becomes NULL in SQLite, so what is not finite is kept as text beside it.
    """CREATE TABLE metrics (
        run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        step INTEGER NOT NULL,
        value REAL,
        nonfinite TEXT,
        time TEXT NOT NULL,
        PRIMARY KEY (run, name, step)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE evaluations (
        id INTEGER PRIMARY KEY,
        run TEXT REFERENCES runs(id) ON DELETE CASCADE,
        phase TEXT NOT NULL CHECK (phase IN ('before', 'after', 'alone')),
        model TEXT NOT NULL,
        snapshot TEXT NOT NULL REFERENCES snapshots(hash),
        split TEXT NOT NULL,
        summary TEXT NOT NULL,
        created TEXT NOT NULL,
        UNIQUE (run, phase)
    ) STRICT""",
    """CREATE TABLE predictions (
        evaluation INTEGER NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
        example INTEGER NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (evaluation, example)
    ) STRICT, WITHOUT ROWID""",
)

# What makes a project another one for the checks: any write to its tools or examples.
_REVISED = (
    "CREATE TRIGGER {noun}_{event} AFTER {event} ON {noun} "
    "BEGIN UPDATE projects SET revision = revision + 1 WHERE id = {row}.project; END"
)

UNDO_AND_FINDINGS = (
    "ALTER TABLE projects ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    *(
        _REVISED.format(noun=noun, event=event, row="OLD" if event == "DELETE" else "NEW")
        for noun in ("tools", "examples")
        for event in ("INSERT", "UPDATE", "DELETE")
    ),
    "CREATE INDEX examples_part ON examples (project, split, tool)",
    """CREATE TABLE changes (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        what TEXT NOT NULL,
        created TEXT NOT NULL,
        first_added INTEGER,
        last_added INTEGER
    ) STRICT""",
    "CREATE INDEX changes_project ON changes (project, id)",
    # A tool or an example as it stood before the change, its columns as a JSON list; null where it was not there.
    """CREATE TABLE change_rows (
        change INTEGER NOT NULL REFERENCES changes(id) ON DELETE CASCADE,
        noun TEXT NOT NULL CHECK (noun IN ('tools', 'examples')),
        id INTEGER NOT NULL,
        before TEXT,
        PRIMARY KEY (change, noun, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE findings (
        project TEXT PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,
        revision INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT""",
)

QUEUE_AND_ATTEMPTS = (
    "ALTER TABLE runs ADD COLUMN label TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN position REAL NOT NULL DEFAULT 0",  # in the queue, the lowest first
    "ALTER TABLE runs ADD COLUMN slot TEXT NOT NULL DEFAULT ''",  # the device it is for, one run at a time on each
    "ALTER TABLE runs ADD COLUMN host TEXT",
    "ALTER TABLE runs ADD COLUMN beat INTEGER NOT NULL DEFAULT 0",  # counted up by the worker: clocks may jump
    "ALTER TABLE runs ADD COLUMN source TEXT",
    "ALTER TABLE runs ADD COLUMN archived TEXT",
    "ALTER TABLE runs ADD COLUMN deleted TEXT",
    # How each attempt ended, for good; the run itself may go on with another one, unless it is finished.
    """CREATE TABLE attempts (
        run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('finished', 'failed', 'cancelled', 'interrupted')),
        step INTEGER NOT NULL,
        started TEXT,
        ended TEXT NOT NULL,
        error TEXT,
        PRIMARY KEY (run, attempt)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TRIGGER attempts_end_once BEFORE UPDATE ON attempts
        BEGIN SELECT RAISE(ABORT, 'an attempt that has ended does not change'); END""",
    "DROP TRIGGER runs_end_once",
    """CREATE TRIGGER runs_end_once BEFORE UPDATE OF state ON runs
        WHEN OLD.state IN ('finished', 'failed', 'cancelled', 'interrupted') AND NEW.state <> OLD.state
            AND NOT (NEW.state = 'queued' AND OLD.state <> 'finished')
        BEGIN SELECT RAISE(ABORT, 'a run that has ended does not change its state'); END""",
)

EVALUATION_JOBS_AND_FEEDBACK = (
    # An evaluation that is asked for is a run too: it waits, is claimed, stops and fails as a training does.
    "ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'train' CHECK (kind IN ('train', 'evaluate'))",
    "ALTER TABLE evaluations ADD COLUMN job TEXT REFERENCES runs(id) ON DELETE CASCADE",
    "ALTER TABLE evaluations ADD COLUMN variant TEXT NOT NULL DEFAULT ''",  # how the rows were changed; "" is not
    "CREATE UNIQUE INDEX evaluations_job ON evaluations (job, variant) WHERE job IS NOT NULL",
    # What a person said of an answer; `example` is the row it became, which may be gone since.
    """CREATE TABLE feedback (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('right', 'wrong')),
        record TEXT NOT NULL,
        example INTEGER,
        created TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX feedback_project ON feedback (project, id)",
    """CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        created TEXT NOT NULL,
        UNIQUE (project, title)
    ) STRICT""",
    """CREATE TABLE relevant (
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        example INTEGER NOT NULL,
        document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        PRIMARY KEY (project, example, document)
    ) STRICT, WITHOUT ROWID""",
)
