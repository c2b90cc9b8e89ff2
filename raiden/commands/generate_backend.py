"""The options of `raiden generate` -> who writes the samples, and who looks them over."""

from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from raiden.commands.generate_options import BackendOptions, GenerateOptions
from raiden.commands.model_endpoint import open_server
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.datagen.base import Author
from raiden.datagen.questions import EndpointAuthor
from raiden.datagen.run_state import beside
from raiden.datagen.template import TemplateAuthor
from raiden.datagen.verification import AgreementVerifier, HardnessVerifier, Verifier
from raiden.endpoints import ChatEndpoint, RecordedEndpoint, RetryingEndpoint, Usage


@dataclass
class Backend:
    """Who is asked in a run."""

    author: Author
    verifiers: list[Verifier] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    """Option -> the model that it means, found from the server where the option is unset."""
    usages: list[Usage] = field(default_factory=list)
    retries: list[Counter[str]] = field(default_factory=list)


async def open_backend(options: GenerateOptions, stack: AsyncExitStack) -> Backend:
    """Connects to whom the options name; `stack` closes the connections.

    Raises:
        ConfigError: an option cannot work.
        EndpointError: a server did not say which model it serves.
    """
    backend = Backend(TemplateAuthor(options.samples.seed))
    asked, seed = options.acceptance, options.samples.seed
    prompts = read_settings(PromptOptions(prompt_template=asked.prompt_template, prompts_of=asked.prompts_of))
    if options.backend.backend != "template":
        option = "model_name" if options.backend.backend == "openai" else "model_id"
        endpoint = await _open(_writer(options.backend), option, "record", backend, options, stack)
        backend.author = EndpointAuthor(endpoint, seed, options.backend.temperature, options.backend.max_tokens)
        if asked.agreement:
            backend.verifiers.append(AgreementVerifier(endpoint, asked.agreement, seed, prompts))
    if asked.keep_hard:
        bare = open_server(
            asked.policy_base_url or "",
            asked.policy_api_key_env,
            asked.policy_model_name,
            options.backend.timeout,
            enable_thinking=False,
        )
        policy = await _open(bare, "policy_model_name", "policy_record", backend, options, stack)
        backend.verifiers.append(HardnessVerifier(policy, asked.keep_hard, seed, prompts))
    return backend


async def _open(
    bare: ChatEndpoint, option: str, record: str, backend: Backend, options: GenerateOptions, stack: AsyncExitStack
) -> ChatEndpoint:
    """An endpoint with retries, a log if it is wanted, and a record."""
    retrying = RetryingEndpoint(bare, options.backend.max_retries, options.backend.concurrency)
    log = beside(options.output_file, record.replace("record", "requests")) if options.backend.log_requests else None
    recorded = RecordedEndpoint(retrying, beside(options.output_file, record), log)
    stack.push_async_callback(recorded.close)
    backend.models[option] = (await recorded.identity()).model
    print(f"{option}: {backend.models[option]}", flush=True)
    backend.usages.append(recorded.usage)
    backend.retries.append(retrying.num_retries_by_reason)
    return recorded


def _writer(asked: BackendOptions) -> ChatEndpoint:
    if asked.backend == "bedrock":
        from raiden.endpoints.bedrock import BedrockEndpoint

        return BedrockEndpoint(asked.model_id or "", asked.region, asked.timeout, asked.concurrency)
    return open_server(asked.base_url, asked.api_key_env, asked.model_name, asked.timeout, asked.enable_thinking)
