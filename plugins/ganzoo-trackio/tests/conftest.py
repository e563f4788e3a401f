"""One store of Trackio for all tests, which is chosen before Trackio is imported."""

import os
import tempfile

os.environ["TRACKIO_DIR"] = tempfile.mkdtemp(prefix="trackio-")
