"""The search: the only package that uses every stage. ``micronas.search(...)`` is the API's verb."""

from micronas.host.verb import make_callable
from micronas.search.pick import Picked, pick
from micronas.search.result_json import summary
from micronas.search.resume import stored_setup
from micronas.search.run import new_run, search
from micronas.search.setup import Setup, prepare

__all__ = ["Picked", "Setup", "new_run", "pick", "prepare", "search", "stored_setup", "summary"]

make_callable(__name__)
