"""What is wrong with tools and examples before anything is trained on them, and how to divide them."""

from core.doctor.findings import Finding as Finding
from core.doctor.findings import blocks as blocks
from core.doctor.findings import examine as examine
