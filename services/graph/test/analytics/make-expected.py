"""Makes the fixtures of the analytics and what their measures must be, by networkx 3 on expansions of
the hypergraph and, where it has no such measure, from the definition. Writes beside itself:

    python3 make-expected.py            writes small.jsonl and medium.jsonl: hyperedges, what is expected
    python3 make-expected.py --check    exits 1 where they would change

Hyperedges are numbered from 0 in the order of time, nodes are texts."""

import itertools
import json
import math
import os
import random
import sys

import networkx as nx
from networkx.algorithms import bipartite
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

here = os.path.dirname(os.path.abspath(__file__))


def small():
    """By hand: sets that repeat and nest, one of a single node, one apart, equal times."""
    sets = ["abc", "bcd", "abc", "de", "ef", "e", "fg", "abcd", "gh", "xyz", "bd", "ah", "w", "de"]
    times = [0, 1000, 1000, 4000, 5000, 9000, 9500, 12000, 12000, 30000, 31000, 31500, 60000, 61000]
    weights = [1, 2, 0.5, 1, 3, 1, 1, 0.25, 1, 1, 2, 1, 1, 4]
    return [
        {"at": at, "weight": weight, "members": list(nodes)}
        for at, weight, nodes in zip(times, weights, sets)
    ]


def medium():
    drawn = random.Random(20261122)
    hyperedges, at = [], 0
    for _ in range(240):
        at += int(drawn.paretovariate(1.2) * 20) if drawn.random() < 0.9 else 0
        if hyperedges and drawn.random() < 0.25:
            members = list(drawn.choice(hyperedges[-20:])["members"])
        else:
            size = drawn.choice([1, 2, 2, 2, 3, 3, 4, 5, 7])
            members = drawn.sample([f"n{int(drawn.random() ** 2 * 80)}" for _ in range(40)], size)
        weight = drawn.choice([0.5, 1, 1, 2, 4])
        hyperedges.append({"at": at, "weight": weight, "members": sorted(set(members))})
    return hyperedges


def line_graph(sets, s):
    """The s-line graph of named sets: next to each other are two with at least s in common."""
    graph = nx.Graph()
    graph.add_nodes_from(sets)
    for one, other in itertools.combinations(sets, 2):
        if len(sets[one] & sets[other]) >= s:
            graph.add_edge(one, other)
    return graph


def walks(graph):
    names = list(graph)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    components = sorted((len(part) for part in nx.connected_components(graph)), reverse=True)
    return {
        "edges": graph.number_of_edges(),
        "components": components,
        "diameter": max(max(row.values()) for row in lengths.values()),
        "from_first": {name: lengths[names[0]].get(name) for name in names},
        "betweenness": nx.betweenness_centrality(graph),
        "closeness": nx.closeness_centrality(graph),
        "harmonic": nx.harmonic_centrality(graph),
    }


def redundancy(graph, names):
    return {
        name: bipartite.node_redundancy(graph, [name])[name] if graph.degree(name) > 1 else None
        for name in names
    }


def clique_expansion(hyperedges, share):
    """Each hyperedge adds share(hyperedge) to each of its pairs."""
    graph = nx.Graph()
    for edge in hyperedges:
        graph.add_nodes_from(edge["members"])
        for one, other in itertools.combinations(edge["members"], 2):
            before = graph.get_edge_data(one, other, {"weight": 0})["weight"]
            graph.add_edge(one, other, weight=before + share(edge))
    return graph


def walk_graph(hyperedges, weighted):
    """The random walk: node to hyperedge by weight, hyperedge to node evenly."""
    graph = nx.DiGraph()
    for edge in hyperedges:
        weight = edge["weight"] if weighted else 1
        for one in edge["members"]:
            for other in edge["members"]:
                before = graph.get_edge_data(one, other, {"weight": 0})["weight"]
                graph.add_edge(one, other, weight=before + weight / len(edge["members"]))
    return graph


def zhou_clustering(sets, graph):
    result = {}
    for node in graph:
        edges = [members for members in sets.values() if node in members]
        pairs = list(itertools.combinations(edges, 2))
        total = 0
        for one, other in pairs:
            left, right = one - other, other - one
            near_left = {name for member in left for name in graph[member]}
            near_right = {name for member in right for name in graph[member]}
            if left | right:
                total += (len(near_left & right) + len(near_right & left)) / len(left | right)
        result[node] = total / len(pairs) if pairs else 0
    return result


def largest_connected(hyperedges):
    graph = clique_expansion(hyperedges, lambda _: 1)
    kept = max(nx.connected_components(graph), key=len)
    return [edge for edge in hyperedges if set(edge["members"]) <= kept]


def spectra(hyperedges):
    """Of the part that hangs together. Eigenvalues of small symmetric matrices, by Jacobi."""
    names = sorted({name for edge in hyperedges for name in edge["members"]})
    place = {name: at for at, name in enumerate(names)}
    degree = [0.0] * len(names)
    normal = [[0.0] * len(names) for _ in names]
    plain = [[0.0] * len(names) for _ in names]
    for edge in hyperedges:
        for one in edge["members"]:
            degree[place[one]] += 1
    for edge in hyperedges:
        for one in edge["members"]:
            for other in edge["members"]:
                i, j = place[one], place[other]
                normal[i][j] -= 1 / len(edge["members"]) / math.sqrt(degree[i] * degree[j])
                if i != j:
                    plain[i][j] -= 1
                    plain[i][i] += 1
    for i in range(len(names)):
        normal[i][i] += 1
    return {"spectral_gap": eigenvalues(normal)[1], "algebraic_connectivity": eigenvalues(plain)[1]}


def eigenvalues(matrix):
    size = len(matrix)
    for _ in range(50):
        off = sum(matrix[i][j] ** 2 for i in range(size) for j in range(i))
        if off < 1e-26:
            break
        for p in range(size):
            for q in range(p + 1, size):
                if abs(matrix[p][q]) < 1e-300:
                    continue
                theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q])
                t = (1 if theta >= 0 else -1) / (abs(theta) + math.sqrt(theta * theta + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                for k in range(size):
                    a, b = matrix[k][p], matrix[k][q]
                    matrix[k][p], matrix[k][q] = c * a - s * b, s * a + c * b
                for k in range(size):
                    a, b = matrix[p][k], matrix[q][k]
                    matrix[p][k], matrix[q][k] = c * a - s * b, s * a + c * b
    return sorted(matrix[i][i] for i in range(size))


def motifs(hyperedges, within, size):
    counts = {}
    sets = [frozenset(edge["members"]) for edge in hyperedges]
    for found in itertools.combinations(range(len(sets)), size):
        if hyperedges[found[-1]]["at"] - hyperedges[found[0]]["at"] > within:
            continue
        parts = [sets[at] for at in found]
        next_to = sum(1 for one, other in itertools.combinations(parts, 2) if one & other)
        if next_to < size - 1:
            continue
        if size == 2:
            a, b = parts
            regions = [a - b, b - a, a & b]
        else:
            a, b, c = parts
            regions = [a - b - c, b - a - c, c - a - b, a & b - c, b & c - a, a & c - b, a & b & c]
        motif = "".join("1" if region else "0" for region in regions)
        counts[motif] = counts.get(motif, 0) + 1
    return counts


def burstiness(times):
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    if len(gaps) < 2 or not any(gaps):
        return None
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return (deviation - mean) / (deviation + mean)


def strict_modularity(hyperedges, community):
    edges = [edge for edge in hyperedges if len(edge["members"]) > 1]
    volume, sizes = {}, {}
    for edge in edges:
        sizes[len(edge["members"])] = sizes.get(len(edge["members"]), 0) + 1
        for name in edge["members"]:
            volume[community[name]] = volume.get(community[name], 0) + 1
    total = sum(volume.values())
    inner = sum(1 for edge in edges if len({community[name] for name in edge["members"]}) == 1)
    tax = sum(
        count * sum((own / total) ** size for own in volume.values())
        for size, count in sizes.items()
    )
    return (inner - tax) / len(edges)


def expected(hyperedges):
    names = list(dict.fromkeys(name for edge in hyperedges for name in sorted(edge["members"])))
    edge_sets = {str(at): frozenset(edge["members"]) for at, edge in enumerate(hyperedges)}
    node_sets = {
        name: frozenset(at for at, members in edge_sets.items() if name in members)
        for name in names
    }
    incidence = nx.Graph()
    for at, members in edge_sets.items():
        incidence.add_edges_from((f"edge {at}", f"node {name}") for name in members)
    pairs = clique_expansion(hyperedges, lambda _: 1)
    shares = clique_expansion(hyperedges, lambda edge: 1 / max(1, len(edge["members"]) - 1))
    community = {name: ord(name[-1]) % 3 for name in names}
    groups = [{name for name in names if community[name] == group} for group in range(3)]
    overlaps = [
        len(one & other) / min(len(one), len(other))
        for one, other in itertools.combinations(edge_sets.values(), 2)
        if one & other
    ]
    connected = largest_connected(hyperedges)
    node_redundancy = redundancy(incidence, [f"node {name}" for name in names])
    edge_redundancy = redundancy(incidence, [f"edge {at}" for at in edge_sets])
    strip = lambda values: {name.split(" ", 1)[1]: value for name, value in values.items()}
    return {
        "degree": {name: incidence.degree(f"node {name}") for name in names},
        "weighted_degree": {
            name: sum(edge["weight"] for edge in hyperedges if name in edge["members"])
            for name in names
        },
        "edge_size": {at: incidence.degree(f"edge {at}") for at in edge_sets},
        "density": len(set(edge_sets.values())) / (2 ** len(names) - 1),
        "incidence_density": bipartite.density(incidence, [f"node {name}" for name in names]),
        "isolated_nodes": sorted(nx.isolates(pairs)),
        "isolated_edges": sorted(nx.isolates(line_graph(edge_sets, 1)), key=int),
        "overlap": {"pairs": len(overlaps), "mean": sum(overlaps) / len(overlaps)},
        "redundancy": {"nodes": strip(node_redundancy), "hyperedges": strip(edge_redundancy)},
        "walks": {
            f"{of} {s}": walks(line_graph(sets, s))
            for of, sets in (("nodes", node_sets), ("hyperedges", edge_sets))
            for s in (1, 2)
        },
        "pagerank": _pagerank_python(walk_graph(hyperedges, False), tol=1e-14, max_iter=1000),
        "weighted_pagerank": _pagerank_python(
            walk_graph(hyperedges, True), alpha=0.5, tol=1e-14, max_iter=1000
        ),
        "pairwise_clustering": nx.clustering(pairs),
        "transitivity": nx.transitivity(pairs),
        "zhou_clustering": zhou_clustering(edge_sets, pairs),
        "clique_number": max(len(clique) for clique in nx.find_cliques(pairs)),
        "community": community,
        "modularity": nx.community.modularity(shares, groups, weight="weight"),
        "hypergraph_modularity": strict_modularity(hyperedges, community),
        "louvain": nx.community.modularity(
            shares, nx.community.louvain_communities(shares, weight="weight", seed=1), weight="weight"
        ),
        "connected_hyperedges": connected,
        **spectra(connected),
        "motifs": {
            str(size): {str(within): motifs(hyperedges, within, size) for within in (500, 10000)}
            for size in (2, 3)
        },
        "burstiness": {
            name: burstiness([edge["at"] for edge in hyperedges if name in edge["members"]])
            for name in names
        },
        "whole_burstiness": burstiness([edge["at"] for edge in hyperedges]),
    }


def fixture(hyperedges):
    return f"{json.dumps(hyperedges)}\n{json.dumps(expected(hyperedges))}\n"


def close(one, other):
    """Equal but for the rounding of another version of libraries."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


for name, make in (("small", small), ("medium", medium)):
    path = os.path.join(here, f"{name}.jsonl")
    text = fixture(make())
    if "--check" not in sys.argv:
        with open(path, "w") as file:
            file.write(text)
    elif not close([json.loads(line) for line in text.splitlines()], list(map(json.loads, open(path)))):
        sys.exit(f"{name}.jsonl is not what this script makes")
