"""Directed graphs, and the order in which their vertices can be worked off."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .exceptions import EOLearnError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

Vertex = TypeVar("Vertex", bound="Hashable")


class CyclicDependencyError(EOLearnError, ValueError):
    """A graph goes round in a circle, so that its vertices have no order."""

    def __init__(self, cycle: Iterable[Any]):
        self.cycle = tuple(cycle)
        """The vertices of a circle: an edge leads from each to the next, and from the last to the first."""
        super().__init__(self.cycle)

    def __str__(self) -> str:
        circle = " -> ".join(map(str, (*self.cycle, *self.cycle[:1])))
        return f"There is no order of what goes round in a circle: {circle}. Take out one of these edges."


class DirectedGraph(Generic[Vertex]):
    """A directed graph, in which several edges may lead from one vertex to another.

    adjacency_dict: for each vertex the list of those that an edge leads to, once for each edge.

    Vertices keep the order in which they came. A vertex that is not in the graph has no edges and no neighbours.
    """

    def __init__(self, adjacency_dict: Mapping[Vertex, Iterable[Vertex]] | None = None):
        self._neighbors: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in adjacency_dict or ()}
        self._indegrees: Counter[Vertex] = Counter()
        for vertex, neighbors in (adjacency_dict or {}).items():
            for neighbor in neighbors:
                self.add_edge(vertex, neighbor)

    @classmethod
    def from_edges(cls, edges: Iterable[tuple[Vertex, Vertex]]) -> Self:
        """Make a graph of its edges, each a pair of vertices."""
        graph = cls()
        for start, end in edges:
            graph.add_edge(start, end)
        return graph

    def __len__(self) -> int:
        return len(self._neighbors)

    def __contains__(self, vertex: object) -> bool:
        return vertex in self._neighbors

    def __iter__(self) -> Iterator[Vertex]:
        return iter(self._neighbors)

    def get_vertices(self) -> set[Vertex]:
        """Return the vertices."""
        return set(self._neighbors)

    def get_adj_dict(self) -> dict[Vertex, list[Vertex]]:
        """Return for each vertex the list of those that its edges lead to; a copy."""
        return {vertex: list(neighbors) for vertex, neighbors in self._neighbors.items()}

    def get_neighbors(self, vertex: Vertex) -> list[Vertex]:
        """Return those that the edges of a vertex lead to, once for each edge; a copy."""
        return list(self._neighbors.get(vertex, ()))

    def get_indegree(self, vertex: Vertex) -> int:
        """Return the number of edges that lead to a vertex."""
        return self._indegrees[vertex]

    def get_indegrees(self) -> dict[Vertex, int]:
        """Return for each vertex the number of edges that lead to it."""
        return {vertex: self._indegrees[vertex] for vertex in self._neighbors}

    def get_outdegree(self, vertex: Vertex) -> int:
        """Return the number of edges that start from a vertex."""
        return len(self._neighbors.get(vertex, ()))

    def get_outdegrees(self) -> dict[Vertex, int]:
        """Return for each vertex the number of edges that start from it."""
        return {vertex: len(neighbors) for vertex, neighbors in self._neighbors.items()}

    def is_edge(self, start: Vertex, end: Vertex) -> bool:
        """Whether an edge leads from one vertex to another."""
        return end in self._neighbors.get(start, ())

    def add_vertex(self, vertex: Vertex) -> bool:
        """Add a vertex; False if it is there already."""
        if vertex in self._neighbors:
            return False
        self._neighbors[vertex] = []
        return True

    def add_edge(self, start: Vertex, end: Vertex) -> None:
        """Add an edge, and the vertices that are not there yet. An edge that is there already becomes two."""
        self.add_vertex(start)
        self.add_vertex(end)
        self._neighbors[start].append(end)
        self._indegrees[end] += 1

    def del_edge(self, start: Vertex, end: Vertex) -> bool:
        """Remove one edge from one vertex to another; False if there is none."""
        if not self.is_edge(start, end):
            return False
        self._neighbors[start].remove(end)
        self._indegrees[end] -= 1
        return True

    def del_vertex(self, vertex: Vertex) -> bool:
        """Remove a vertex and all its edges; False if it is not there."""
        if vertex not in self._neighbors:
            return False
        self._indegrees.subtract(self._neighbors.pop(vertex))
        del self._indegrees[vertex]
        for start, neighbors in self._neighbors.items():
            self._neighbors[start] = [neighbor for neighbor in neighbors if neighbor != vertex]
        return True

    def topologically_ordered_vertices(self) -> list[Vertex]:
        """Return the vertices in an order in which every edge leads forward.

        Among the vertices that may come next, the one that was added first comes first: a graph whose vertices were
        added in such an order keeps it. Raises CyclicDependencyError (a ValueError), which names the vertices of a
        circle, if there is no such order.
        """
        vertices = list(self._neighbors)
        positions = {vertex: position for position, vertex in enumerate(vertices)}
        missing = self.get_indegrees()
        ready = [positions[vertex] for vertex, count in missing.items() if not count]
        heapify(ready)
        ordered: list[Vertex] = []
        while ready:
            vertex = vertices[heappop(ready)]
            ordered.append(vertex)
            del missing[vertex]
            for neighbor in self._neighbors[vertex]:
                missing[neighbor] -= 1
                if not missing[neighbor]:
                    heappush(ready, positions[neighbor])
        if missing:
            raise CyclicDependencyError(self._find_cycle(set(missing)))
        return ordered

    def _find_cycle(self, candidates: set[Vertex]) -> list[Vertex]:
        """Return a circle among vertices to each of which an edge from another of them leads, by going backwards."""
        previous = {end: start for start in self._neighbors if start in candidates for end in self._neighbors[start]}
        path: dict[Vertex, None] = {}
        vertex = next(vertex for vertex in self._neighbors if vertex in candidates)
        while vertex not in path:
            path[vertex] = None
            vertex = previous[vertex]
        backwards = list(path)
        return backwards[backwards.index(vertex) :][::-1]

    @staticmethod
    def _is_cyclic(graph: DirectedGraph[Any]) -> bool:
        """Whether a graph goes round in a circle."""
        try:
            graph.topologically_ordered_vertices()
        except CyclicDependencyError:
            return True
        return False
