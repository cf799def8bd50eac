"""The memory of the studio: one SQLite file. SQL stands in this folder and nowhere else.

Open a connection for each piece of work (`with open_store(settings) as db:`); it costs a tenth of a millisecond,
and connections must not be shared between threads. Then one module a noun: projects, runs, metrics, evaluations.
"""

from core.store.database import Database as Database
from core.store.database import immediate as immediate
from core.store.database import open_store as open_store
