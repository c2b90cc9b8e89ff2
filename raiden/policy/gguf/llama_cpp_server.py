"""llama.cpp's own server on loopback, in a process of its own: a script, `FILE NUM_CONTEXT NUM_THREADS`.

Prints its address as a line and serves until its standard input ends. Numbers are computed as exactly as llama.cpp
can: keys and values in float32, no flash attention. Whatever llama.cpp does to the process, it is not raiden's.
"""

import os
import sys


def main() -> None:
    path, num_context, num_threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # llama.cpp tells of itself on the standard output
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = num_context
    params.n_parallel = 1
    params.warmup = False
    params.verbosity = 1
    params.use_jinja = True
    params.fit_params = False
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = num_threads
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = xllamacpp.Server(params)
    print(server.listening_address, file=answers, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
