"""Serve the stand-in; the engine starts this as ``pulumi-resource-aws``."""

import sys

from pulumi.provider.experimental.server import main

from lab.aws_plugin.provider import AwsStandIn

main(sys.argv[1:], "7.51.1", AwsStandIn())
