"""A model and its characters behind OpenAI's protocol, and a page to talk with them.

faults        what is answered where a request cannot be: the protocol's own form of an error
bodies        what a request may ask for
lineup        names -> models and characters; messages -> prompts
answers       a model's pieces as the protocol's objects
responses     what /v1/responses may be asked, and its answer
completions   /v1/models, /v1/responses, /v1/chat/completions, /v1/completions
talking       what the page asks beside that: who is there, and why a reply is right
connection    a request's body, read within limits; an answer that ends with its connection
guards        who may ask: hosts, origins, keys
app, server   all of it put together; on a socket
page/         the page
"""
