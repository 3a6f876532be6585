"""A made-up OpenStreetMap extract."""

import osmium
from osmium.osm.mutable import Node, Relation, Way
from roadside_server.region.osm import read_osm

STREET = {"highway": "residential"}
#: Degrees; about 70 m east, 111 m north.
STEP = 0.001


class Town:
    """An extract of nodes on a lattice, numbered by column and row."""

    def __init__(self, path):
        self.path, self.nodes, self.ways, self.relations = path, {}, [], []

    def node(self, column, row, tags=None):
        number = 1 + column + 100 * row
        place = (4.0 + column * STEP, 51.0 + row * STEP)
        if number not in self.nodes or tags:
            self.nodes[number] = Node(id=number, version=1, location=place, tags=tags or {})
        return number

    def way(self, tags, *places):
        self.ways.append(
            Way(id=len(self.ways) + 1, version=1, tags=tags, nodes=[self.node(*p) for p in places])
        )
        return len(self.ways)

    def square(self, tags, west, south, side=1):
        east, north = west + side, south + side
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return self.way(tags, *corners)

    def multipolygon(self, tags, outer, *inner):
        members = [("w", outer, "outer"), *(("w", way, "inner") for way in inner)]
        number = len(self.relations) + 1
        tags = {"type": "multipolygon"} | tags
        self.relations.append(Relation(id=number, version=1, members=members, tags=tags))

    def read(self, crs=None):
        with osmium.SimpleWriter(str(self.path), overwrite=True) as writer:
            for _, node in sorted(self.nodes.items()):
                writer.add_node(node)
            for way in self.ways:
                writer.add_way(way)
            for relation in self.relations:
                writer.add_relation(relation)
        return read_osm(self.path, crs)
