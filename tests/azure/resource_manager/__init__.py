"""A local Azure: HTTPS requests -> the answers that Azure's Resource Manager would give.

It runs in the pinned client's own Python, because it checks what it is sent against the SDK
models there. It knows the resource types that the provisioning script uses, with Azure's rules
for them, and refuses whatever else it is asked.
"""

import sys
from pathlib import Path

# One judge of bodies, here and in gen validate.
sys.path.append(str(Path(__file__).parents[3] / "generator/validate"))
