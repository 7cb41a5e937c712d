"""What a prompt file may write, and what it may cost."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, cast

import pytest
from jinja2.exceptions import SecurityError

from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.meter import Meter
from toolyard_agents.prompts.sandbox import Sandbox
from toolyard_agents.prompts.template import PromptText

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|list }}",
    "{{ [x]|sort(attribute='__class__') }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{{ x.format }}",
    "{{ ('%s' ~ x) % x }}",
    "{{ x|format }}",
    "{{ lipsum.__globals__ }}",
    "{{ lipsum['__globals__']['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace(a=1) }}",
    "{{ dict(a=1).__class__ }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ range.__func__.__globals__ }}",
    "{{ x.upper.__self__ }}",
    "{{ x.upper }}",
    "{{ [x.upper] }}",
    "{{ [x.upper]|join }}",
    "{{ request.application.__globals__ }}",
    "{{ config }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ undefined.__init__ }}",
    "{{ nope.__class__.__init__.__globals__ }}",
    "{{ (1).__class__ }}",
    "{{ (1).real }}",
    "{{ ().__class__.__bases__ }}",
    "{{ {}.__class__ }}",
    "{{ [].append(1) }}",
    "{{ {}.update({'a': 1}) }}",
    "{{ {}.setdefault('a', 1) }}",
    "{{ x.encode() }}",
    "{{ x.translate({}) }}",
    "{{ (5).to_bytes(9, 'big') }}",
    "{{ x() }}",
    "{{ caller() }}",
    "{% for i in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for i in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for i in [1] %}{{ loop }}{% endfor %}",
    "{% for i in [1] %}{{ loop([1]) }}{% endfor %}",
    "{% for i in [[1]] recursive %}{{ loop(i) }}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% extends 'base' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call x() %}{% endcall %}",
    "{% block b %}{% endblock %}",
    "{% filter upper %}a{% endfilter %}",
    "{% set a %}b{% endset %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% set a.b = 1 %}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_prompt_has_no_way_out_of_its_values(text: str) -> None:
    with pytest.raises(PromptError, match=r"^f\.md: "):
        PromptText(text=text, where="f.md").rendered({"x": "value"})


DOUBLING = ["{% set a = [a, a] %}", "{% set a = (a, a) %}", "{% set a = {1: a, 2: a} %}", "{% set a = a ~ a %}"]
COSTLY = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 'a' * 1000 * 1000 * 1000 }}",
    "{{ 2 ** (10**9) }}",
    "{% set n = 2**1000 %}{{ n * n * n * n }}",
    "{{ 9.0 ** 9999 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a'.center(10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ '\t'.expandtabs(10**9) }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'|indent(10**9, true) }}",
    "{{ ('a' * 99999)|replace('a', 'b' * 99999) }}",
    "{{ ('a' * 99999)|replace('', 'b' * 99999) }}",
    "{{ range(99999)|join('b' * 99999) }}",
    "{{ range(10**9)|list }}",
    "{% for i in range(10**9) %}{% endfor %}",
    "{% for i in range(10**40) %}{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{{ 'a' * 9999 }}{% endfor %}",
    "{% for i in range(9999) %}{% if 'a' * 9999 == 'b' * 9999 %}{% endif %}{% endfor %}",
    "{% set a = 'a' * 900000 %}{% for i in range(9999) %}{% if a in a %}{% endif %}{% endfor %}",
    "{% set a = 'a' * 900000 %}{% for i in range(9999) %}{% set b = a[1:] %}{% endfor %}",
    "{% set a = 'a' * 900000 %}{% for i in range(9999) %}{% set b = a.upper() %}{% endfor %}",
    "{% set a = 'a' * 900000 %}{{ a ~ a }}",
    "{% set a = 'a' * 900000 %}{{ a }}{{ a }}",
    "{% set a = 'a' * 900000 %}{{ [a, a] }}",
    *("{% set a = 'aa' %}" + one * 60 + "{{ a }}" for one in DOUBLING),
    *("{% set a = 'aa' %}" + one * 60 + "{{ a|string|length }}" for one in DOUBLING),
    "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "{{ " + "-" * 50000 + "1 }}",
    "{{ " + "not " * 50000 + "1 }}",
    "{{ x" + "[0]" * 50000 + " }}",
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{% for i in x %}" * 50 + "{% endfor %}" * 50,
    "{{ x }}" * 10001,
    "{{ x }}" + " " * 262_144,
]


@pytest.mark.parametrize("text", COSTLY, ids=[f"{number}: {text[:50]}" for number, text in enumerate(COSTLY)])
def test_a_prompt_that_would_cost_too_much_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(PromptError, match=r"^f\.md: "):
        PromptText(text=text, where="f.md").rendered({"x": "value"})
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{% for a in range(400) %}{% for b in range(400) %}{% endfor %}{% endfor %}",
            "loops go round more than 100000",
        ),
        ("{% set a = 'a' * 900000 %}{{ a }}{{ a }}", "renders to more than 1000000 characters"),
        ("{% set a = 'a' * 900000 %}" + "{% if a in a %}{% endif %}" * 30, "more than 20000000 characters of work"),
        ("{{ 'a' * 1000001 }}", "a value in it is larger than 1000000 characters"),
        ("{{ 2 ** 2000 }}", "a number in it has more than 1024 bits"),
        ("{# #}{{ x }}" + "{% if x %}{% endif %}" * 7000, "more than 10000 expressions"),
        ("{{ x }}" + " " * 262_144, "longer than 262144 characters"),
    ],
)
def test_each_limit_says_what_it_is(text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        PromptText(text=text, where="f.md").rendered({"x": "value"})


GROWING = [
    "{{ 'a' * 10**8 }}",
    "{{ 10**8 * 'a' }}",
    "{{ [1] * 10**8 }}",
    "{{ ('a' * 9999)|replace('a', 'b' * 9999) }}",
    "{{ range(9999)|join('b' * 9999) }}",
    "{{ ('a\n' * 9999)|indent(9999) }}",
]


@pytest.mark.parametrize("text", GROWING)
def test_what_would_be_too_large_is_never_made(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PromptError, match="a value in it is larger"):
            PromptText(text=text, where="f.md").rendered({})
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_rendering_that_takes_too_long_is_ended() -> None:
    for step in (Meter(seconds=-1).round, lambda: Meter(seconds=-1).take(1), lambda: Meter(seconds=-1).write("a")):
        with pytest.raises(PromptError, match="takes longer than"):
            step()


@pytest.mark.parametrize("forbidden", ["a".format, "a".encode, "a".zfill, str, len, print, Meter().round])
def test_only_known_methods_are_called_however_they_were_reached(forbidden: object) -> None:
    with pytest.raises(SecurityError, match="cannot be called in a prompt"):
        Sandbox(Meter(), "\n").call(cast("Any", None), forbidden)


def test_a_value_that_is_too_large_is_refused() -> None:
    with pytest.raises(PromptError, match="larger than 1000000 characters"):
        PromptText(text="{{ x }}", where="f.md").rendered({"x": "a" * 1_000_001})


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Read {{ path }}.\n", "Read /a/b.\n"),
        ("{{ path.split('/')|join(' > ') }}", " > a > b"),
        ("{{ path|upper|replace('/', '-') }}", "-A-B"),
        ("{{ path ~ 1 ~ '!' }} {{ path[1:] }}", "/a/b1! a/b"),
        ("{% if tone is defined %}{{ tone }}{% else %}calm{% endif %}", "calm"),
        ("{{ tone|default('calm') }}", "calm"),
        ("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ loop.index }}/{{ loop.length }} {{ k }}={{ v }};{% endfor %}",
         "1/2 a=1;2/2 b=2;"),
        ("{% for i in range(1, 4) %}{{ loop.cycle('-', '+') }}{{ i }}{% else %}none{% endfor %}", "-1+2-3"),
        ("{% for word in ['b', 'A']|sort if word %}{{ word }}{% endfor %}", "Ab"),
        ("{% set n = 3 %}{{ n + 1 }} {{ n * 2 }} {{ n ** 2 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -n }}", "4 6 9 3 3 -3"),
        ("{% with a = 'x' %}{{ a }}{% endwith %}{# nothing #}", "x"),
        ("{% raw %}{{ path }}{% endraw %}", "{{ path }}"),
        ("{{ 'yes' if '/a' in path and path != 'x' and 1 < 2 < 3 else 'no' }}", "yes"),
        ("{{ [path, 1, none, true]|tojson }}", '["/a/b", 1, null, true]'),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{{ path }}\r\nnext\r\n", "/a/b\r\nnext\r\n"),
    ],
)  # fmt: skip
def test_a_prompt_can_do_what_prompts_do(text: str, rendered: str) -> None:
    assert PromptText(text=text, where="f.md").rendered({"path": "/a/b"}) == rendered


def test_a_value_is_not_looked_at_for_variables() -> None:
    text = PromptText(text="{{ a }}{{ b }}", where="f.md")
    assert text.rendered({"a": "{{ b }}", "b": "{% for %} <&>"}) == "{{ b }}{% for %} <&>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\n{{ x", r"f\.md: line 12: .*end of template"),
        ("a\n{% if x %}", r"f\.md: line 11: "),
        ("a\n{{ x|nope }}", r"f\.md: line 11: No filter named 'nope'"),
        ("a\n\n\nb {{ x }} {{ y }}", r"f\.md: line 13: 'y' is undefined"),
        ("{{ x }}\n{{ x + 1 }}", r"f\.md: line 11: can only concatenate str"),
        ("a\n{% include 'b' %}", r"f\.md: line 11: Include is not for prompts"),
    ],
)
def test_an_error_names_the_file_and_its_line(text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        PromptText(text=text, where="f.md", line=10).rendered({"x": "value"})
