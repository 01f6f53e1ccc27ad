"""What servers and runners print without the name of a function in front: about GPUs and their libraries, images, grammars, threads.

Asked last, so that these many beginnings are looked for in next to no line.

Source: Ollama discover/gpu_info_*.c (DEBUG, 0.1.21 to 0.12), llm/ext_server, mem_dxgi_pdh.cpp; llama.cpp src, common, tools/mtmd, ggml
backends; libdrm, glibc's loader.
"""

from __future__ import annotations

from string import ascii_letters

import polars as pl

from ollalog.parsing.format import Extract, Format
from ollalog.parsing.patterns import ascii_only

_GPUS = (
    r"\[(?:\d+(?::\d+)?|(?:GPU|MIG)-[0-9a-f-]+)\] (?:CUDA|Compute Capability|oneAPI|device|amdgpu) ?",
    "(?:dlerr|dlsym): ",
    r"library [!-~]+ load err: ",
    "(?:calling|initializing|releasing|wiring) (?:cu|zes|nvml|/|[A-Z]:|nvcuda|cudart|oneapi|nvidia|Level-Zero)",
    r"(?:raw version 0x|device count |CUDA driver version: |oneapi driver count: |discovered )\d",
    r"(?:cu|cuda|nvml|zes)[A-Z]\w* (?:err|failed): ",
    r"\[DXGI\] ",
    "(?:Integrated|Discrete) GPU \\(",
    r"DXGI \+ PDH ",
    "Failed to (?:add PDH counters|get GPU memory usage)",
    "GPU with LUID ",
    "The following devices will have suboptimal ",
    "Consider compiling with ",
    "(?:NCCL|internal AllReduce) ",
    "hipMallocManaged unsupported",
    "Asserting on type |unsupported (?:size|type): |add template specialization ",
    r"  (?:address fault|vendor fault|node) \d+: |  total: \d+ ops",
    r"Launching \d+ streams|Setting stream no |Skipping \S+ because the number of nodes",
    "invalid architecture ID received ",
    "CUDA Graph id |Optimizing CUDA graph ",
    r"Vulkan\d+: ",
    r"Lazy loading [!-~]+ library",
    "Performing pre-initialization of GPU",
    "dl_load_library ",
    "MLX: ",
    r"/[!-~]+/amdgpu\.ids: No such file",
    "WARN(?:ING)?: hipBLASLt",
    "(?:radv/)?amdgpu: |MESA-[A-Z]+: |Cannot find target for triple |OMP: |Try increasing RLIMIT_MEMLOCK ",
)
_OF_INTEL = (
    r"(?:found|detect) \d+ SYCL ",
    r"Using device \d+ \(",
    "GGML_SYCL_[A-Z_]+=",
    "    +max compute_units ",
    r"\|[ -][ \d-]\|[^|]+\|[^|]+\|[^|]+\|[^|]+\|",
    r"\[llama_register_sycl_backend\] ",
)
_MODELS = (
    "model has unused tensor ",
    r"tensor [!-~]+ (?:\([ -~]*\) )?buffer type overrid",
    "key not found in model: ",
    "sampler (?:seed|params|chain): ",
    "Failed to open file |llama_[a-z_]+, layer |    https://github.com/gg",
    r"thread #\d+ |(?:Pausing|Resuming) threadpool|Threadpool is not specified|compute-kickoff: ",
    r"found (?:our process|\d+ numa) |CPUs on node ",
    "got exception: |anthropic string not |data stream, to_send: ",
    "Parsed message: |Parsing chat message|parser generation prompt: |Merging system prompt |No parser definition ",
    "Template application failed",
    r"=== (?:BEGIN|END) ===$|--- (?:Reasoning|Tool Call)|\[ERROR\] Template |(?:image|audio)_tokens->|batch_f32 size = ",
    "generate: n_ctx = ",
    "no implementations specified for speculative ",
    "warming up the model ",
    r"operator\(\)",
    "(?:Grammar|invalid grammar|unsupported grammar)[: ,]",
    "failed to parse grammar|grammar does not contain |parse: error parsing grammar: ",
    "Failed to process regex: |Regex error: |llg (?:tokenizer )?error: |llguidance ",
    "Template supports tool calls |Using specialized template: |Forcing pure content |Tool call mismatch: |Wrong type supplied for ",
    "(?:Failed to (?:infer a|generate|parse)|Ignoring (?:non-text )?content part|Content found with) ?(?:tool|builtin|type)?",
    "(?:skipping|truncating) (?:null or )?(?:empty )?DRY ",
    " - the (?:last position|tokens for sequence) | (?:for M-RoPE, )?it is required that the ",
    r"cplan requested |warn: (?:failed|setting) |/proc/sys/kernel/numa_balancing |failed to set process priority",
)
_IMAGES = (
    "Multi Modal Mode Enabled",
    "(?:ERROR: Image with id: |Invalid image number id|Error processing the given image)",
    "Unable to (?:allocate memory for image|encode image|load image|preprocess|read WAV|open file|convert filename)",
    "failed to (?:decode|encode|eval) (?:image|audio|text|chunk|the|slice)|failed processing images",
    r"(?:image/slice|image|audio) (?:\w+ )?(?:encoded|processed) in |encoding (?:image|audio) slice",
    "--- (?:vision|audio) hparams ---",
    r"vision (?:using \w+ backend|model hparams)",
    "compute allocated memory: |freeing clip model|mtmd_[a-z_]+ |post-decode callback |image_size  |patch_size  ",
    r"v_[a-z_]+ +[\d.]+",
)
_SERVERS = (
    r"Available slots:| -> Slot \d+ - max context: ",
    "(?:updating system prompt|system prompt updated)$",
    "(?:requesting )?llama server (?:main loop|shutting down|shutdown|completion) ?",
    "(?:initiating shutdown - draining|next result |aborting completion due to shutdown)",
    "(?:caught (?:unknown )?exception|unexpected error) in llama server ",
    r"task \d+ - error: ",
    "couldn't bind to server socket: ",
)
# the two characters that a line must begin with, so that few lines are compared with all of the above, and in most blocks none
_HEADS = (
    *("Av", "CU", "Co", "DX", "Di", "ER", "Er", "Fa", "Fo", "GG", "GP", "Gr", "Ig", "In", "La", "ML", "Mu", "NC", "Op", "Pe", "Re", "Te"),
    *("Th", "To", "Un", "Us", "Vu", "WA", "Wr", "[D", "[G", "[M", "[l", "ab", "au", "ca", "co", "cp", "cu", "de", "di", "dl", "en", "fa"),
    *("fo", "ge", "gr", "hi", "im", "in", "ke", "li", "ll", "mo", "ne", "no", "nv", "on", "op", "pa", "ra", "re", "sa", "sk", "sy", "ta"),
    *("te", "tr", "un", "up", "v_", "vi", "wa", "wi", "ze", "--", "|-", "| ", "  ", " -", " f", " i"),
    *(
        "As",
        "CP",
        "Pa",
        "Se",
        "Sk",
        "ad",
        "an",
        "fr",
        "go",
        "mt",
        "po",
        "th",
        "am",
        "ME",
        "Ca",
        "OM",
        "Tr",
        "Me",
        "No",
        "==",
        "ba",
        "da",
        "[E",
    ),
    *(f"[{digit}" for digit in range(10)),
    *(f"/{letter}" for letter in ascii_letters),
)
_OWNER = ascii_only(f"^(?:{'|'.join((*_GPUS, *_OF_INTEL, *_MODELS, *_IMAGES, *_SERVERS))})")


def _owned(texts: pl.Series) -> pl.Series:
    """Which lines are owned."""
    owned = pl.zeros(texts.len(), dtype=pl.Boolean, eager=True)
    places = texts.str.head(2).is_in(_HEADS).arg_true()
    return owned.scatter(places, texts.gather(places).str.contains(_OWNER)) if places.len() else owned


def extract(lines: pl.DataFrame) -> Extract:
    """Count the lines: they are chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Noise, as of the runner's other lines.
    """
    return Extract(noise={"runner": lines.height})


FORMAT = Format(
    name="runner_prose",
    rank=10,
    owns=lambda text: text.map_batches(_owned, return_dtype=pl.Boolean()),
    extract=extract,
    examples=(
        "[GPU-0a1b2c3d-0000-1111-2222-333344445555] CUDA totalMem 8192 mb",
        "Multi Modal Mode Enabled",
        "Grammar still awaiting trigger after token 37 (`x`)",
    ),
)
