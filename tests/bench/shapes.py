"""What the lines of a made-up server log look like: addresses, routes, messages of the server, blocks of the runners."""

from __future__ import annotations

import string

MODELS = ("llama3.1:8b", "qwen2.5:7b", "qwen2.5:14b", "gemma3:4b", "mistral-nemo:12b")
CLIENTS = (
    ("127.0.0.1",) * 5
    + ("192.168.1.40",) * 4
    + ("192.168.1.52", "10.0.0.17", "::1", "::1", "fd00::1234", "2001:0db8:1111:2222:3333:4444:5555:6666")
)
BLOBS = tuple(f"/usr/share/ollama/.ollama/models/blobs/sha256-{seed:064x}" for seed in range(0x6F0E2B1C, 0x6F0E2B1C + len(MODELS)))
POLLS = (
    (200, "HEAD", "/", 30_000),
    (200, "GET", "/api/tags", 1_200_000),
    (200, "GET", "/api/tags", 1_200_000),
    (200, "GET", "/api/ps", 60_000),
    (200, "GET", "/api/version", 40_000),
    (200, "POST", "/api/show", 21_000_000),
    (200, "GET", "/v1/models", 2_100_000),
    (200, "POST", "/api/embed", 90_000_000),
    (200, "POST", "/api/embed", 400_000_000),
    (200, "POST", "/v1/embeddings", 70_000_000),
    (404, "POST", "/api/chat", 900_000),
    (400, "POST", "/api/generate", 90_000),
    (404, "GET", "/favicon.ico", 1_900),
)
RARE = (
    (503, "POST", "/api/chat", 1_100_000),
    (499, "POST", "/api/chat", 2_900_000_000),
    (500, "POST", "/api/generate", 30_000_300_000),
    (200, "POST", "/api/generate", 95_000_000_000),
    (200, "POST", "/api/pull", 210_000_000_000),
    (405, "GET", "/api/generate", 2_500),
    (404, "GET", "/a|b|c", 1_500),
    (404, "GET", '/say/"hello"', 1_500),
    (200, "GET", "/api/tags?verbose=1&x=a%20b", 800_000),
    (204, "OPTIONS", "/api/chat", 61_000),
    (200, "GET", "/v1/models/llama3.1:8b", 4_100_000),
    (201, "POST", "/api/blobs/sha256:" + "0123456789abcdef" * 4, 44_000_000),
    (404, "GET", "/ünïcødé/路径", 2_100),
)
RUNS = (("POST", "/api/chat"), ("POST", "/api/chat"), ("POST", "/api/generate"), ("POST", "/v1/chat/completions"))
MESSAGES = (
    ("INFO", "sched.go:1147", '"disabling mmap for llama-server load by default" model={blob} reason=cpu'),
    ("WARN", "llama_server.go:317", '"truncating input prompt" limit=4096 prompt={number} keep=5 new=4096'),
    ("WARN", "server.go:114", '"requested context size too large for model" num_ctx=131072 n_ctx_train={number}'),
    ("INFO", "llama_server.go:1538", '"aborting completion request due to client closing the connection"'),
    ("INFO", "sched.go:613", '"system memory" total="62.7 GiB" free="{number}.4 GiB" free_swap="8.0 GiB"'),
    (
        "INFO",
        "sched.go:620",
        '"gpu memory" id=GPU-1e6bd4f2 library=CUDA available="{number} MiB" minimum="457.0 MiB"',
    ),
    ("WARN", "types.go:800", '"invalid option provided" option=opt{number}'),
    ("INFO", "images.go:1314", r'"request failed: Get \"https://registry.ollama.ai/v2/library/x{number}/manifests/latest\": EOF"'),
    ("ERROR", "llama_server.go:1023", '"llama-server terminated" error="signal: killed" exit=unknown'),
)
TIMINGS = string.Template("""\
srv  server_strea: conv_id= (empty=1)
slot get_availabl: id  0 | task -1 | selected slot by LRU, t_last = -1
srv  get_availabl: updating prompt cache
srv          load:  - looking for better prompt, base f_keep = -1.000, f_sim = 0.000
srv        update:  - cache state: 1 prompts, 61.203 MiB (limits: 8192.000 MiB, 4096 tokens, 8589934592 est)
srv  get_availabl: prompt cache update took 3.11 ms
slot launch_slot_: id  0 | task -1 | sampler chain: logits -> ?penalties -> ?dry -> top-k -> ?typical -> top-p -> ?min-p -> temp-ext -> dist
slot launch_slot_: id  0 | task -1 | sampler params:
\trepeat_last_n = 64, repeat_penalty = 1.000, frequency_penalty = 0.000, presence_penalty = 0.000
\tdry_multiplier = 0.000, dry_base = 1.750, dry_allowed_length = 2, dry_penalty_last_n = 64
\ttop_k = 40, top_p = 0.900, min_p = 0.000, xtc_probability = 0.000, xtc_threshold = 0.100, temp = 0.800
\tmirostat = 0, mirostat_lr = 0.100, mirostat_ent = 5.000, adaptive_target = -1.000, adaptive_decay = 0.900
slot launch_slot_: id  0 | task $task | processing task, is_child = 0
slot   operator(): id  0 | task $task | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = $prompt
slot   operator(): id  0 | task $task | cached n_tokens = $cached, memory_seq_rm [$cached, end)
slot init_sampler: id  0 | task $task | init sampler, took 0.07 ms, tokens: text = $prompt, total = $prompt
slot print_timing: id  0 | task $task | n_decoded =  $generated, tg = $rate t/s, tg_3s = $rate t/s
slot print_timing: id  0 | task $task | prompt eval time = $prompt_ms ms / $read tokens ($prompt_rates)
slot print_timing: id  0 | task $task |        eval time = $eval_ms ms / $generated tokens ($eval_rates)
slot print_timing: id  0 | task $task |       total time = $total_ms ms / $tokens tokens
slot print_timing: id  0 | task $task |    graphs reused =      $generated
slot      release: id  0 | task $task | stop processing: n_tokens = $held, truncated = 0
srv  update_slots: all slots are idle""")
METADATA = tuple(
    [
        f"llama_model_loader: - kv {n:3d}: {key:>38} u32              = {n * 1024}"
        for n, key in enumerate(("llama.block_count", "llama.context_length") * 6)
    ]
    + [
        f"print_info: {key:<21} = {n}"
        for n, key in enumerate(("arch", "n_ctx_train", "n_embd", "n_layer", "n_head", "n_head_kv", "model type", "n_vocab") * 2)
    ]
    + ["load_tensors: offloaded 33/33 layers to GPU", "load_tensors:        CUDA0 model buffer size =  4403.49 MiB"]
    + [f"llama_context: {key:<21} = {n}" for n, key in enumerate(("n_seq_max", "n_ctx", "n_batch", "n_ubatch", "causal_attn"))]
    + [
        "llama_kv_cache:      CUDA0 KV buffer size =   512.00 MiB",
        "srv  llama_server: model loaded",
        "srv  update_slots: all slots are idle",
    ]
)
ENV = "map[CUDA_VISIBLE_DEVICES: OLLAMA_CONTEXT_LENGTH:4096 OLLAMA_HOST:http://0.0.0.0:11434 OLLAMA_KEEP_ALIVE:5m0s OLLAMA_NUM_PARALLEL:1]"
