"""What people bring: tools and examples in the forms they have them. Kept plus rejected is what was there."""

from core.importers.examples import open_examples as open_examples
from core.importers.examples import read_examples as read_examples
from core.importers.outcome import ExamplesRead as ExamplesRead
from core.importers.outcome import Reject as Reject
from core.importers.outcome import Rename as Rename
from core.importers.outcome import ToolsRead as ToolsRead
from core.importers.tools import read_tools as read_tools
