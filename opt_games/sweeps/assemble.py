"""From the parts of a sweep to one Dataset, in memory or part by part in a netCDF file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.sweeps.layout import Layout
from opt_games.sweeps.store import Folder, Memory, explained, unfinished

if TYPE_CHECKING:
    import xarray as xr

Box = tuple[slice, ...]
_NUMBERS_PER_CHUNK = 65_536  # of HDF5: read and compressed together
_CACHE = 32 * 2**20


def in_memory(layout: Layout, memory: Memory, header: xr.Dataset) -> xr.Dataset:
    """Return the whole Dataset; parts are taken out of the memory one by one."""
    sizes = layout.sizes()
    values = layout.plan.values
    arrays = {
        name: np.empty(
            (values.size, *(sizes[dim] for dim in layout.dims(name)[len(values.dims) :])),
            dtype=layout.dtype(name),
        )
        for name in layout.names
    }
    for number in range(layout.plan.parts):
        start, stop = layout.plan.span(number)
        part = memory.take(number)
        for name, array in arrays.items():
            array[start:stop] = layout.values(part, name)
    variables = {
        name: (
            layout.dims(name),
            array.reshape(values.shape + array.shape[1:]),
            layout.attributes(name),
        )
        for name, array in arrays.items()
    }
    return header.assign(variables)


def write_netcdf(path: Path, layout: Layout, folder: Folder, header: xr.Dataset) -> None:
    """Write the Dataset to a netCDF file, which is there whole or not at all."""
    import h5netcdf

    shape = layout.plan.values.shape
    with (
        explained(path),
        unfinished(path, folder.path) as scratch,
        _Scratch(scratch, "x+") as stream,
    ):
        with h5netcdf.File(stream, "w", rdcc_nbytes=_CACHE) as file:
            _write_header(file, layout, header)
            for name in layout.names:
                _create(file, layout, name)
            for number in range(layout.plan.parts):
                start, stop = layout.plan.span(number)
                part = folder.read(number)
                for name in layout.names:
                    values, variable = layout.values(part, name), file.variables[name]
                    for box, first, last in boxes(shape, start, stop):
                        lengths = tuple(each.stop - each.start for each in box)
                        block = values[first:last].reshape(lengths + values.shape[1:])
                        variable[box] = block.astype(variable.dtype, copy=False)
                if stream.error is not None:
                    break
        if stream.error is not None:
            raise stream.error
        os.fsync(stream.fileno())


class _Scratch(io.FileIO):
    """A file that keeps to itself why it could not be written: HDF5 crashes when it is told."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write all the data, unless something went wrong before."""
        left = memoryview(data).cast("B")
        size = len(left)
        with self._noted():
            while len(left) and self.error is None:
                left = left[super().write(left) :]
        return size

    def truncate(self, size: int | None = None, /) -> int:
        """Change the size of the file, unless something went wrong before."""
        if self.error is None:
            with self._noted():
                return super().truncate(size)
        return size or 0

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = error


def _write_header(file: Any, layout: Layout, header: xr.Dataset) -> None:
    """Write the dimensions, the coordinates and the attributes."""
    import h5py

    sizes = layout.sizes()
    dims = dict.fromkeys(dim for name in layout.names for dim in layout.dims(name))
    file.dimensions = {dim: sizes[dim] for dim in dims}
    file.attrs.update(header.attrs)
    beside = [str(name) for name in header.coords if name not in dims]
    if beside:
        file.attrs["coordinates"] = " ".join(beside)
    for name, coordinate in header.coords.items():
        values = coordinate.values
        values = values.astype(object) if values.dtype.kind == "U" else values
        kind = h5py.string_dtype() if values.dtype.kind == "O" else values.dtype
        variable = file.create_variable(name, coordinate.dims, dtype=kind, data=values)
        variable.attrs.update(coordinate.attrs)


def _create(file: Any, layout: Layout, name: str) -> None:
    dims, sizes, dtype = layout.dims(name), layout.sizes(), layout.dtype(name)
    attributes = layout.attributes(name)
    if dtype == np.bool_:  # as xarray writes truth values
        dtype, attributes = np.dtype(np.int8), {**attributes, "dtype": "bool"}
    left = _NUMBERS_PER_CHUNK
    chunks: list[int] = []
    for dim in reversed(dims):
        chunks.insert(0, max(1, min(sizes[dim], left)))
        left //= sizes[dim]
    variable = file.create_variable(
        name,
        dims,
        dtype=dtype,
        chunks=tuple(chunks),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fillvalue=np.nan if dtype.kind == "f" else None,
    )
    variable.attrs.update(attributes)


def boxes(shape: tuple[int, ...], start: int, stop: int) -> Iterator[tuple[Box, int, int]]:
    """Cut a run of points of a grid, in C order, into boxes.

    Parameters
    ----------
    shape : tuple of int
        Of the grid.
    start, stop : int
        The run.

    Yields
    ------
    box : tuple of slice
    first, last : int
        Which points of the run are in it.

    Examples
    --------
    >>> for box, first, last in boxes((3, 4), 2, 9):
    ...     print([(each.start, each.stop) for each in box], first, last)
    [(0, 1), (2, 4)] 0 2
    [(1, 2), (0, 4)] 2 6
    [(2, 3), (0, 1)] 6 7
    """
    if len(shape) == 1:
        yield (slice(start, stop),), 0, stop - start
        return
    row = int(np.prod(shape[1:]))
    position = start
    while position < stop:
        place, within = divmod(position, row)
        whole = (stop - position) // row if within == 0 else 0
        if whole:
            box = (slice(place, place + whole), *(slice(0, size) for size in shape[1:]))
            yield box, position - start, position - start + whole * row
            position += whole * row
            continue
        end = min(stop, (place + 1) * row)
        for inner, first, last in boxes(shape[1:], within, within + end - position):
            before = position - start
            yield (slice(place, place + 1), *inner), before + first, before + last
        position = end
