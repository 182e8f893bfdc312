"""The local cloud: an EC2 look-alike that boots real hosts on this machine.

moto is the API; what its instances would be are hosts with their own kernel
namespaces, systemd, cloud-init and Docker. See ``docs/local-cloud.md``.
"""
