"""Find the one constant that each plug-in module of a package exports."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def constants(package: ModuleType, constant: str) -> dict[str, Any]:
    """Import every module of a package and collect the constant of that name, by module name.

    Args:
        package: The imported package that holds the plug-in modules.
        constant: Name that each of them exports, such as "FORMAT".

    Returns:
        Module name -> constant, in alphabetical order of module names.

    Raises:
        AttributeError: a module of the package lacks the constant: a fault of this program, not of its input.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: getattr(importlib.import_module(f"{package.__name__}.{name}"), constant) for name in names}
