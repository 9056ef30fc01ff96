"""Validates every exchange, written anew in every dialect, against the dialect's official schema.

    schemas_test.py PATH-OF-reencode FIXTURES RECORDINGS

Documents that a schema refuses although they are as they must be are listed in EXCEPTIONS, each with its reason. What
is refused and not listed fails, as does a line of the list that nothing needs any more.
"""

import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema_rs

# What has no official schema, and why. Any other pair of a dialect and a document that is not in checks() is a failure.
WITHOUT_SCHEMA = {
    ("ollama", "*"): "Ollama publishes no schema of its API",
    ("openai_chat", "rerank"): "OpenAI has no such operation; servers that do agree on a form without a document",
    ("openai_chat", "rerank request"): "as above",
    ("gemini", "error"): "the schemas are of types of Google's SDK, which has none for errors",
    ("gemini", "error event"): "as above",
    ("gemini", "embedding"): "the SDK's type is not what the endpoints answer",
    ("gemini", "embedding request"): "as above",
    ("cohere_v2", "error"): "the schemas are of types of Cohere's SDK, which has none for errors",
    ("cohere_v2", "error event"): "as above",
    ("cohere_v2", "embedding request"): "the SDK has no type for it, nor for most of its members",
    ("cohere_v2", "rerank request"): "as above",
    ("bedrock_converse", "embedding"): "the service's model says of such bodies only that they are bytes",
    ("bedrock_converse", "embedding request"): "as above",
}

ANY = ".*"
ANSWER = "response|event"

# (dialect, what, dialect it was said in, problem, reason): a line excuses the problems that all its patterns match.
EXCEPTIONS = [
    # Between callers and providers of one dialect the gateway translates nothing: what a codec was given in its own
    # words it keeps, the schema's or not.
    ("anthropic_messages", ANSWER, "anthropic_messages", r"^content(\.\*|_block)(\.type|\.name)?: ",
     "blocks of betas, and of tools that the document does not list yet"),
    ("anthropic_messages", "request", "anthropic_messages", r"^messages\.\*\.content\.\*(\.type)?: ", "as above"),
    ("anthropic_messages", ANSWER, "anthropic_messages", r"stop_details\.category: ", "a category of a fixture's own"),
    ("anthropic_messages", ANSWER, "anthropic_messages", r"server_tool_use: .web_fetch_requests", "older answers lack it"),
    ("bedrock_converse", ANSWER, "bedrock_converse", r"toolResult|reasoningContent", "blocks of future models"),
    ("gemini", "request", "gemini", r"tool_type|file_search_store_names", "names in protobuf's own spelling"),
    ("openai_chat", "request", "openai_chat", r"^tools\.\*(\.type)?: ", "tools that OpenRouter and others run themselves"),
    ("openai_chat", "request", "openai_chat", r"json_schema: .name. is", "Perplexity does not ask for a name"),
    ("openai_chat", ANSWER, "openai_chat", r"annotations\.\*", "OpenRouter's annotations of files"),
    ("openai_chat", "request|response|event", "openai_chat", r"^service_tier: .on_demand", "a tier of Groq's own"),
    ("openai_chat", "embedding", "openai_chat", r"^data\.\*\.embedding: ", "the document forgets base64"),
    ("openai_chat", "embedding request", "openai_chat", r"'truncation'", "a member of Voyage's own"),
    ("openai_responses", ANSWER, "openai_responses", r"annotation.*(start_index|end_index|title). is", "xAI leaves them out"),
    ("openai_responses", ANSWER, "openai_responses", r"^(response\.output\.\*|output\.\*|item)(\.type)?: ",
     "items of tools of xAI's own, and of OpenAI's before they had all their members"),
    ("openai_responses", "request", "openai_responses", r"^tool_choice\.type: .web_search", "the document lists an older name"),
    # Translated.
    ("anthropic_messages", "error|error event", ANY, r"^error\.type: ", "request_too_large is documented, and no type of the SDK"),
    ("anthropic_messages", "request", "anthropic_messages|openai_.*", r"source(\.type)?: ", "files are of a beta"),
    ("gemini", ANSWER, ANY, r"^usageMetadata: .*'serviceTier'", "Google's answers have it, its SDK's type not yet"),
    ("openai_chat", ANSWER, "gemini|bedrock_converse", r"finish_reason: .error.", "OpenRouter's word: none of OpenAI's says that an answer broke"),
    ("openai_chat", "event", "openai_responses", r"tool_calls\.\*\.type: .custom.", "OpenAI streams them, its document forgets it"),
    ("openai_chat", "request", "bedrock_converse|gemini", r"^messages\.\*\.content\.\*", "OpenAI has no videos; servers that do agree on this"),
    ("openai_chat", "request", "ollama", r"^messages: \[\] has less", "a caller that only wants the model loaded"),
    ("openai_responses", "request", ANY, r"^input\.\*(\.content\.\*\.type)?: .*(output_text|refusal|reasoning|.id. is a)",
     "what a model said goes back without the id and status that only its provider could give, which all take"),
    ("openai_responses", "request", "openai_responses", r"^input\.\*\.type: ", "as above"),
]


def load(path):
    try:
        return json.loads(path.read_text())
    except OSError as error:
        sys.exit(f"SLUICE_RECORDINGS is set, and the official schemas are not beside it: {error}")


def settled(schema, name):
    """A definition that refers to itself, in the words of JSON Schema 2020-12 instead of those of 2019-09."""
    if isinstance(schema, list):
        return [settled(each, name) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$recursiveRef" in schema:
        return ref(name)
    return {word: settled(value, name) for word, value in schema.items() if word != "$recursiveAnchor"}


class Schemas:
    """One file of definitions."""

    def __init__(self, definitions):
        self.definitions = {name: settled(schema, name) for name, schema in definitions.items()}

    def of(self, schema):
        if isinstance(schema, str):
            schema = {"$ref": f"#/$defs/{schema}"}
        return jsonschema_rs.Draft202012Validator({**schema, "$defs": self.definitions})

    def check(self, schema):
        validator = self.of(schema)
        return lambda line: problems(validator, line["document"])

    def by_type(self, union):
        """As the union says, but told apart by `type` first: which event it is decides what it must have."""
        validators = {}
        for choice in self.definitions[union]["anyOf"]:
            name = choice["$ref"].rpartition("/")[2]
            kind = self.definitions[name]["properties"]["type"]
            for word in [kind["const"]] if "const" in kind else kind["enum"]:
                validators[word] = self.of(name)

        def check(line):
            kind = line["document"].get("type")
            if kind not in validators:
                return [f"type: {kind} is no event of {union}"]
            if line["frame"] not in ("", kind):
                return [f"type: {kind} in an event that is called {line['frame']}"]
            return problems(validators[kind], line["document"])

        return check


def tightened(schema):
    """Of types made for reading: words a reader must expect beyond those it knows are none that we may write, and a
    member with a default for objects that are made in code must be there."""
    if isinstance(schema, list):
        return [tightened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: tightened(value) for name, value in schema.items()}
    choices = made.get("anyOf", [])
    if any(isinstance(choice, dict) and "enum" in choice for choice in choices):
        made["anyOf"] = [choice for choice in choices if choice != {}]
    kind = made.get("properties", {}).get("type")
    if isinstance(kind, dict) and "const" in kind and "default" in kind:
        made["required"] = sorted({*made.get("required", []), "type"})
    return made


def from_service_model(shapes):
    """JSON Schemas from the shapes of an AWS service model (protocol rest-json)."""
    numbers = {"integer": "integer", "long": "integer", "float": "number", "double": "number"}

    def limits(shape, least, most):
        return {name: shape[word] for word, name in (("min", least), ("max", most)) if word in shape}

    def schema(shape):
        kind = shape["type"]
        if shape.get("document"):
            return {}
        if kind == "structure":
            members = {name: member for name, member in shape["members"].items() if "location" not in member}
            made = {
                "type": "object",
                "properties": {name: {"$ref": f"#/$defs/{member['shape']}"} for name, member in members.items()},
                "required": [name for name in shape.get("required", []) if name in members],
                "additionalProperties": False,
            }
            if shape.get("union") or shape.get("eventstream"):
                made.update(minProperties=1, maxProperties=1)
            return made
        if kind == "list":
            items = {"$ref": f"#/$defs/{shape['member']['shape']}"}
            return {"type": "array", "items": items, **limits(shape, "minItems", "maxItems")}
        if kind == "map":
            value = {"$ref": f"#/$defs/{shape['value']['shape']}"}
            return {"type": "object", "additionalProperties": value, **limits(shape, "minProperties", "maxProperties")}
        if kind == "string":
            made = {"type": "string", **limits(shape, "minLength", "maxLength")}
            if "enum" in shape:
                made["enum"] = shape["enum"]
            if "pattern" in shape:
                made["pattern"] = f"^(?:{shape['pattern']})$"
            return made
        if kind == "blob":
            return {"type": "string", "pattern": "^[A-Za-z0-9+/]*=*$"}  # recorders cut some short
        if kind in numbers:
            return {"type": numbers[kind], **limits(shape, "minimum", "maximum")}
        if kind == "boolean":
            return {"type": "boolean"}
        raise ValueError(f"no schema for a shape of type {kind}")

    return {name: schema(shape) for name, shape in shapes.items()}


def nearest(error):
    """The errors that say why: of a union's branches those of the one that was meant."""
    context = getattr(error.kind, "context", None)
    if not context:
        return [error]

    def distance(branch):
        # A branch of another `type` or `role`, or for another kind of value, was not meant; the one that fits longest
        # was.
        names = [str(each.instance_path[-1:]) for each in branch if each.kind.name in ("const", "enum")]
        foreign = any(name in ("['type']", "['role']", "['object']") for name in names)
        other_kind = any(each.kind.name == "type" and each.instance_path == error.instance_path for each in branch)
        return (other_kind, foreign, -max((len(each.instance_path) for each in branch), default=0), len(branch))

    return [deeper for each in min(context, key=distance) for deeper in nearest(each)]


def problems(validator, document):
    if validator.is_valid(document):
        return []
    found = []
    for error in validator.iter_errors(document):
        for cause in nearest(error):
            where = ".".join("*" if isinstance(step, int) else step for step in cause.instance_path)
            found.append(f"{where}: {cause.message[-300:]}")
    return found


def closed(**members):
    return {"type": "object", "properties": members, "additionalProperties": False}


def array(name):
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def checks(folder):
    """(dialect, what) to what is wrong with a line."""
    core = Schemas(load(folder / "openai_openapi/openai_chat_and_core.schema.json")["$defs"])
    responses = Schemas(load(folder / "openai_openapi/openai_responses.schema.json")["$defs"])
    anthropic = Schemas(load(folder / "official_schemas/anthropic_messages.schema.json")["$defs"])
    gemini = Schemas(load(folder / "official_schemas/gemini.schema.json")["$defs"])
    cohere = Schemas(tightened(load(folder / "official_schemas/cohere_v2.schema.json")["$defs"]))
    model = load(folder / "official_schemas/bedrock_runtime.service_model.json")
    exceptions = [name for name, shape in model["shapes"].items() if shape.get("exception")]
    bedrock = Schemas(from_service_model(model["shapes"]))

    message = {frame: anthropic.check(f"MessageCreateParams{name}")
               for frame, name in (("", "NonStreaming"), ("stream", "Streaming"))}
    frames = bedrock.of("ConverseStreamOutput")
    # Neither SDK has a type for a whole request's body; their members have.
    cohere_chat = closed(
        model={"type": "string"}, stream={"type": "boolean"}, messages=ref("ChatMessages"), tools=array("ToolV2"),
        strict_tools={"type": "boolean"}, documents={"type": "array"}, citation_options={"type": "object"},
        response_format=ref("ResponseFormatV2"), safety_mode={"enum": ["CONTEXTUAL", "STRICT", "OFF"]},
        max_tokens={"type": "integer"}, stop_sequences={"type": "array", "items": {"type": "string"}},
        temperature={"type": "number"}, seed={"type": "integer"}, frequency_penalty={"type": "number"},
        presence_penalty={"type": "number"}, k={"type": "integer"}, p={"type": "number"},
        logprobs={"type": "boolean"}, tool_choice={"enum": ["REQUIRED", "NONE"]}, thinking=ref("Thinking"),
        priority={"type": "integer"})
    cohere_chat["required"] = ["model", "messages"]
    content = closed(
        contents=array("Content"), systemInstruction=ref("Content"), tools=array("Tool"), toolConfig=ref("ToolConfig"),
        safetySettings=array("SafetySetting"), generationConfig=ref("GenerationConfig"),
        cachedContent={"type": "string"}, labels={"type": "object"}, model={"type": "string"},
        serviceTier={"type": "string"}, modelArmorConfig={"type": "object"})
    content["required"] = ["contents"]
    counted = closed(generateContentRequest=content, **content["properties"])

    return {
        ("openai_chat", "response"): core.check("CreateChatCompletionResponse"),
        ("openai_chat", "event"): core.check("CreateChatCompletionStreamResponse"),
        ("openai_chat", "error"): core.check("ErrorResponse"),
        ("openai_chat", "error event"): core.check("ErrorResponse"),
        ("openai_chat", "request"): core.check("CreateChatCompletionRequest"),
        ("openai_chat", "embedding"): core.check("CreateEmbeddingResponse"),
        ("openai_chat", "embedding request"): core.check("CreateEmbeddingRequest"),
        ("openai_responses", "response"): responses.check("Response"),
        ("openai_responses", "event"): responses.by_type("ResponseStreamEvent"),
        ("openai_responses", "error"): responses.check("ErrorResponse"),
        ("openai_responses", "error event"): responses.by_type("ResponseStreamEvent"),
        ("openai_responses", "request"): responses.check("CreateResponse"),
        ("openai_responses", "count"): responses.check("TokenCountsResource"),
        ("openai_responses", "count request"): responses.check("TokenCountsBody"),
        ("anthropic_messages", "response"): anthropic.check("Message"),
        ("anthropic_messages", "event"): anthropic.by_type("RawMessageStreamEvent"),
        ("anthropic_messages", "error"): anthropic.check("ErrorResponse"),
        ("anthropic_messages", "error event"): anthropic.check("ErrorResponse"),
        ("anthropic_messages", "request"): lambda line: message[line["frame"]](line),
        ("anthropic_messages", "count"): anthropic.check("MessageTokensCount"),
        ("anthropic_messages", "count request"): anthropic.check("MessageCountTokensParams"),
        ("gemini", "response"): gemini.check("GenerateContentResponse"),
        ("gemini", "event"): gemini.check("GenerateContentResponse"),
        ("gemini", "request"): gemini.check(content),
        ("gemini", "count"): gemini.check("CountTokensResponse"),
        ("gemini", "count request"): gemini.check(counted),
        ("bedrock_converse", "response"): bedrock.check("ConverseResponse"),
        ("bedrock_converse", "event"): lambda line: problems(frames, {line["frame"]: line["document"]}),
        # Every exception's members, and where some clients look for its name.
        ("bedrock_converse", "error"): bedrock.check(
            closed(message=ref("NonBlankString"), __type={"enum": exceptions})),
        ("bedrock_converse", "error event"): lambda line: problems(frames, {line["frame"]: line["document"]}),
        ("bedrock_converse", "request"): bedrock.check("ConverseRequest"),
        ("bedrock_converse", "count"): bedrock.check("CountTokensResponse"),
        ("bedrock_converse", "count request"): bedrock.check("CountTokensRequest"),
        ("cohere_v2", "response"): cohere.check("V2ChatResponse"),
        ("cohere_v2", "event"): cohere.by_type("V2ChatStreamResponse"),
        ("cohere_v2", "request"): cohere.check(cohere_chat),
        ("cohere_v2", "embedding"): cohere.check("EmbedByTypeResponse"),
        ("cohere_v2", "rerank"): cohere.check("V2RerankResponse"),
    }


def main(reencode, fixtures, recordings):
    check_of = checks(Path(recordings).parent)
    counts = collections.Counter()
    unchecked = collections.Counter()
    used = set()
    faults = collections.defaultdict(list)
    with tempfile.NamedTemporaryFile() as lines:
        subprocess.run([reencode, recordings, fixtures, lines.name], check=True, stdout=subprocess.DEVNULL)
        for text in lines:
            line = json.loads(text)
            key = (line["dialect"], line["what"])
            if key not in check_of:
                unchecked[key] += 1
                continue
            counts[key] += 1
            for problem in check_of[key](line):
                excuses = [i for i, (dialect, what, source, where, _) in enumerate(EXCEPTIONS)
                           if dialect == key[0] and re.fullmatch(what, key[1])
                           and re.fullmatch(source, line["source"]) and re.search(where, problem)]
                used.update(excuses)
                if not excuses:
                    faults[(*key, problem)].append(line["from"])

    for key, count in sorted(unchecked.items()):
        reason = WITHOUT_SCHEMA.get(key) or WITHOUT_SCHEMA.get((key[0], "*"))
        print(f"{' '.join(key)}: {count} not validated: {reason}")
        if reason is None:
            faults[(*key, "is not validated, and no reason given")].append("")
    for key, count in sorted(counts.items()):
        print(f"{' '.join(key)}: {count}")
    for key in check_of.keys() - counts.keys():
        faults[(*key, "there was none to validate")].append("")
    for i in set(range(len(EXCEPTIONS))) - used:
        faults[(*EXCEPTIONS[i][:2], f"{EXCEPTIONS[i][3]} is listed as an exception and did not occur")].append("")
    print(f"{sum(counts.values())} documents validated, {len(EXCEPTIONS)} known exceptions")
    for (dialect, what, problem), names in sorted(faults.items()):
        print(f"FAILED: {dialect} {what}, {len(names)} times, first in {names[0]}: {problem}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
