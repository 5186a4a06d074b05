"""A server of the stack asyncua that does what its parent says, a line of JSON each; the child of asyncua.ts."""

import asyncio
import json
import sys
import uuid
from datetime import datetime, timezone

from asyncua import Server, ua
from asyncua.server.history_sql import HistorySQLite
from asyncua.server.internal_session import InternalSession
from asyncua.server.uaprocessor import UaProcessor

PLANT = "http://millwright.test/plant"
REPUBLISH = ua.NodeId(ua.ObjectIds.RepublishRequest_Encoding_DefaultBinary)
LIMIT_NODES = (11705, 12165, 11710, 11712, 11714)


def utc(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).replace(tzinfo=None)


class Plant:
    """The server and the nodes in it."""

    def __init__(self, port, history):
        self.port = port
        self.history = history
        self.nodes = {}
        self.folders = {}
        self.historized = set()
        self.republishes = 0

    async def start(self):
        self.server = Server()
        await self.server.init()
        self.server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        if self.history:
            self.storage = HistorySQLite(":memory:", self.history)
            await self.storage.init()
            self.server.iserver.history_manager.set_storage(self.storage)
        self.index = await self.server.register_namespace(PLANT)
        self.count()
        await self.server.start()

    def count(self):
        """Counts requests for notifications that were sent before."""
        plant, process = self, UaProcessor._process_message

        async def counted(processor, typeid, *rest):
            if typeid == REPUBLISH:
                plant.republishes += 1
            return await process(processor, typeid, *rest)

        UaProcessor._process_message = counted

    async def limit(self, most):
        """Says that it takes so many nodes in a call, and means it."""
        for node in LIMIT_NODES:
            await self.server.get_node(ua.NodeId(node)).write_value(ua.Variant(most, ua.VariantType.UInt32))
        read = InternalSession.read

        async def limited(session, params):
            if session.external and len(params.NodesToRead) > most:
                raise ua.uaerrors.BadTooManyOperations()
            return await read(session, params)

        InternalSession.read = limited

    async def folder(self, path):
        """The folder at a path below Objects, made where it is missing."""
        if path == "":
            return self.server.nodes.objects
        if path not in self.folders:
            above, _, name = path.rpartition("/")
            self.folders[path] = await (await self.folder(above)).add_object(self.index, name)
        return self.folders[path]

    async def add(self, name, value, folder="", history=False, id=None):
        parent = await self.folder(folder)
        node_id = ua.NodeId(id or name, self.index)
        node = await parent.add_variable(node_id, f"{self.index}:{name.rpartition('/')[2]}", float(value))
        self.nodes[name] = node
        if history:
            # Not by its own subscription, which keeps the newest value of each 10 ms only.
            await self.storage.new_historized_node(node_id, None, 0)
            self.historized.add(name)
        await self.write([{"name": name, "value": value}])

    async def write(self, values):
        for one in values:
            time = utc(one["sourceTime"]) if "sourceTime" in one else datetime.now(timezone.utc).replace(tzinfo=None)
            value = ua.DataValue(ua.Variant(float(one["value"]), ua.VariantType.Double), SourceTimestamp=time, ServerTimestamp=time)
            node = self.nodes[one["name"]]
            if one["name"] in self.historized:
                await self.storage.save_node_value(node.nodeid, value)
            await node.write_value(value)

    async def remove(self, name):
        await self.server.delete_nodes([self.nodes.pop(name)])

    async def drop(self):
        """Ends all subscriptions behind the backs of their clients."""
        service = self.server.iserver.subscription_service
        await service.delete_subscriptions(list(service.subscriptions))

    async def trigger(self, source, message, severity):
        emitter = await self.folder(source)
        generator = await self.server.get_event_generator(emitting_node=self.server.nodes.server)
        generator.event.EventId = uuid.uuid4().hex.encode()
        generator.event.SourceName = source
        generator.event.SourceNode = emitter.nodeid
        generator.event.Severity = severity
        await generator.trigger(message=message)

    async def look(self):
        return {"republishes": self.republishes}


async def main():
    plant = Plant(int(sys.argv[1]), int(sys.argv[2]))
    await plant.start()
    print(json.dumps({"id": 0}), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        answer = {"id": command["id"]}
        try:
            answer["result"] = await getattr(plant, command["do"])(**command["with"])
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


asyncio.run(main())
