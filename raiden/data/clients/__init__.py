"""Files by which other programs talk to an exported model as its run did."""

from raiden.data.clients.ollama import modelfile
from raiden.data.clients.sillytavern import preset
from raiden.data.clients.turns import ClientSettings, Turns, turns_of
