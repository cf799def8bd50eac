"""Every test of faults may have a store and a small project in it."""

from small_project import db as db
from small_project import project as project
from small_project import settings as settings
