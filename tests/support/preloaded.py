"""Libraries that ganzoo imports, which on another system are made for it."""

LIBRARIES = (
    *("asyncio", "concurrent.futures", "multiprocessing.connection", "multiprocessing.shared_memory", "subprocess"),
    *("click", "rich.live", "rich.progress", "filelock", "jinja2", "numpy", "pydantic", "pluggy", "tempfile"),
    *("PIL.Image", "scipy.linalg", "scipy.stats", "plotly.graph_objects", "matplotlib.figure", "safetensors.torch"),
    *("torch", "torch.distributed", "torch.utils.data", "torch.utils.flop_counter", "torch.utils.tensorboard"),
    *("tensorboard.compat.proto.event_pb2", "torchvision", "torch_fidelity", "fsspec"),
)
