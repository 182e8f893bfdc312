"""The local cloud's one process: serves the API and keeps hosts as the API says they should be."""

import json
import os
import queue
import signal
import subprocess
import time
import traceback
from collections.abc import Mapping
from types import FrameType

from lab import certificates, metadata, registry, root, settings
from lab.cloud import Cloud
from lab.fabric import Fabric
from lab.machine import Machine
from lab.model import Instance, Snapshot

SETTLE_SECONDS = 0.05  # so that a burst of calls is answered with one pass
REFRESH_SECONDS = 30.0  # a pass without any call, should one ever be missed


class Reconciler:
    """Turns what the API says into hosts."""

    def __init__(self, config: settings.Settings) -> None:
        self._config = config
        self._root = root.build(config.engine)
        self._fabric = Fabric(config)
        self._cloud = Cloud(config, self._on_call)
        self._machines: dict[str, Machine] = {}
        self._by_address: dict[str, Instance] = {}
        self._events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._registry: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._fabric.create()
        names = [f"*.{settings.REGION}.amazonaws.com", "*.amazonaws.com", settings.REGISTRY_NAME]
        certificate, key = certificates.issue(self._config.state, self._config.authority, names)
        metadata.serve(self._config, self._by_address.get, self._role_credentials)
        self._registry = registry.serve(self._config, self._root, certificate, key)
        self._cloud.serve_hosts(certificate, key)
        self._cloud.serve_machine()

    def run(self) -> None:
        """Follow the API until the process is told to end."""
        reboots: set[str] = set()
        while True:
            try:
                self._pass(reboots)
            except Exception:  # noqa: BLE001  # one bad pass must not end the cloud
                traceback.print_exc()
            reboots = self._wait()

    def close(self) -> None:
        for machine in self._machines.values():
            machine.want("terminated")
        for machine in self._machines.values():
            machine.join()
        self._fabric.close()
        if self._registry is not None:
            self._registry.terminate()
            self._registry.wait()

    def _wait(self) -> set[str]:
        """Wait for a reason to look again; returns the instances to reboot."""
        try:
            events = {self._events.get(timeout=REFRESH_SECONDS)}
        except queue.Empty:
            return set()
        time.sleep(SETTLE_SECONDS)
        while not self._events.empty():
            events.add(self._events.get_nowait())
        return {event for event in events if event is not None}

    def _wake(self) -> None:
        self._events.put(None)

    def _on_call(self, action: str, parameters: Mapping[str, list[str]]) -> None:
        self._wake()
        if action == "RebootInstances":
            for name, values in parameters.items():
                if name.startswith("InstanceId"):
                    self._events.put(values[0])

    def _pass(self, reboots: set[str]) -> None:
        snapshot = self._cloud.snapshot()
        addresses = {str(a): i for i in snapshot.instances for a in i.addresses}
        self._by_address.update(addresses)
        for address in self._by_address.keys() - addresses.keys():
            del self._by_address[address]
        self._fabric.apply(snapshot)
        for instance in snapshot.instances:
            if instance.instance_id not in self._machines:
                self._machines[instance.instance_id] = Machine(
                    self._config, self._fabric, instance, self._wake
                )
            self._machines[instance.instance_id].want(instance.state)
        for instance_id in self._machines.keys() - {i.instance_id for i in snapshot.instances}:
            self._machines.pop(instance_id).want("terminated")
        for instance_id in reboots & self._machines.keys():
            self._machines[instance_id].reboot()
        for instance in snapshot.instances:
            if instance.autoscaling_group and self._machines[instance.instance_id].has_ended:
                self._cloud.replace_dead(instance.instance_id)
        self._write_status(snapshot)

    def _role_credentials(self, role: str) -> metadata.Credentials:
        return metadata.credentials(f"ASIA{role}", "lab", "lab")

    def _write_status(self, snapshot: Snapshot) -> None:
        hosts = [
            {
                "instance": i.instance_id,
                "name": i.name,
                "address": str(i.address),
                "state": i.state,
                "pid": machine.pid if (machine := self._machines.get(i.instance_id)) else None,
                "boots": machine.boots if machine else 0,
            }
            for i in snapshot.instances
        ]
        partial = self._config.status_file.with_suffix(".partial")
        partial.write_text(json.dumps(hosts, indent=1), encoding="utf-8")
        partial.rename(self._config.status_file)


def main() -> None:
    """Run the cloud in this process until SIGTERM; ``lab up`` starts it so."""
    config = settings.load()
    reconciler = Reconciler(config)

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    reconciler.start()
    config.pid_file.write_text(str(os.getpid()), encoding="ascii")
    try:
        reconciler.run()
    finally:
        reconciler.close()


if __name__ == "__main__":
    main()
