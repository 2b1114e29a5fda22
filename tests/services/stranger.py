"""What anybody gets from ports, as JSON: ``python -I stranger.py UID PORT…``, run as root, which becomes that user.

Each port is asked in HTTP and, without a certificate or a token, by the gRPC methods of Ray and SeaweedFS that tell or
change most.
"""

import http.client
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

PATHS = (
    "/",
    "/metrics",
    "/status",
    "/api/jobs/",
    "/api/cluster_status",
    "/api/v0/actors",
    "/api/v0/logs?node_id=x",
    "/nodes?view=summary",
    "/events",
    "/data/runs",
    "/data/environment",
    "/buckets/",
    "/smelt/lake/",
    "/dir/assign",
    "/api/v2/dags",
    "/api/v2/connections",
    "/api/v2/variables",
    "/smelt/",
    "/get_or_create_runtime_env",
    "/api/local_raylet_healthz",
)
METHODS = (
    "ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "ray.rpc.JobInfoGcsService/GetAllJobInfo",
    "ray.rpc.ActorInfoGcsService/GetAllActorInfo",
    "ray.rpc.InternalKVGcsService/InternalKVKeys",
    "ray.rpc.InternalKVGcsService/InternalKVPut",
    "ray.rpc.NodeManagerService/GetNodeStats",
    "ray.rpc.NodeManagerService/GetSystemConfig",
    "ray.rpc.NodeManagerService/ShutdownRaylet",
    "ray.rpc.ObjectManagerService/FreeObjects",
    "ray.rpc.ObjectManagerService/Pull",
    "ray.rpc.ObjectManagerService/Push",
    "ray.rpc.CoreWorkerService/GetCoreWorkerStats",
    "ray.rpc.CoreWorkerService/Exit",
    "ray.rpc.ReporterService/GetTraceback",
    "ray.rpc.LogService/ListLogs",
    "master_pb.Seaweed/VolumeList",
    "filer_pb.SeaweedFiler/ListEntries",
    "volume_server_pb.VolumeServer/VolumeServerStatus",
)


def by_http(port: int, method: str, path: str) -> tuple[int, str]:
    """Status and body; 0 where the port does not speak HTTP."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asked.request(method, path, b"{}" if method == "POST" else None)
        answer = asked.getresponse()
        return answer.status, answer.read(200_000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        asked.close()


def by_grpc(port: int) -> dict[str, str]:
    """What each method ends with, by name: ``OK`` where it did what was asked."""
    said = {}
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        for method in METHODS:
            try:
                channel.unary_unary(f"/{method}")(b"", timeout=3)
                said[method] = "OK"
            except grpc.RpcError as error:
                said[method] = error.code().name
                if error.code() == grpc.StatusCode.UNAVAILABLE:  # no gRPC, or none without a certificate
                    break
    return said


def ask(port: int) -> dict[str, object]:
    """All of one port."""
    answers = [(method, path, *by_http(port, method, path)) for path in PATHS for method in ("GET", "POST")]
    return {"port": port, "http": [answer for answer in answers if answer[2]], "grpc": by_grpc(port)}


if __name__ == "__main__":
    user, *ports = map(int, sys.argv[1:])
    ask(9)  # nobody is there: it loads what the libraries load late, from where the other user may not read
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    with ThreadPoolExecutor(8) as threads:
        print(json.dumps([*threads.map(ask, ports)]))
