"""Stands in for the AWS plugin: makes nothing, and says that it has."""

import sys
import uuid

from pulumi.provider.experimental.provider import CreateRequest, CreateResponse
from pulumi.provider.experimental.server import main

from lab.aws_plugin.provider import AwsStandIn
from tools.toolchain import AWS_PLUGIN_VERSION


class OnPaper(AwsStandIn):
    """What a resource is asked to be, it is."""

    async def create(self, request: CreateRequest) -> CreateResponse:
        return CreateResponse(uuid.uuid4().hex, request.properties)


main(sys.argv[1:], AWS_PLUGIN_VERSION, OnPaper())
