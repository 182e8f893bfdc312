"""Serve the stand-in; the engine starts this as ``pulumi-resource-aws``."""

import sys

from pulumi.provider.experimental.server import main

from lab.aws_plugin.provider import AwsStandIn
from tools.toolchain import AWS_PLUGIN_VERSION

main(sys.argv[1:], AWS_PLUGIN_VERSION, AwsStandIn())
