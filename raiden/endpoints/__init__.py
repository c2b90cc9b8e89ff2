"""Language models behind a network.

base                       what an endpoint is: a request in, a reply out
openai, bedrock            one try of a request; dialects: what servers understand; replies: what models write
faults                     what went wrong, and whether another try may help
retries                    concurrency, back-off
sampling                   how replies are drawn
recorded                   replies are kept on disk and never paid for twice; every request, for audit

They are put around one another: Recorded(Retrying(OpenAI)). OpenAIEndpoint and BedrockEndpoint are
imported from their own modules, for their libraries take a second to load.
"""

from raiden.core.errors import AccessError
from raiden.endpoints.base import (
    ChatEndpoint,
    ChatReply,
    ChatRequest,
    Identity,
    ReplySampling,
    StreamingEndpoint,
    stream_reply,
)
from raiden.endpoints.faults import ContextLengthError, RequestError, TransientError
from raiden.endpoints.recorded import RecordedEndpoint, Usage
from raiden.endpoints.retries import RetryingEndpoint
