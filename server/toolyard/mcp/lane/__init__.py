"""The lane: the few requests that clients make all the time, answered without the SDK's server as it would itself.

What it does not recognise exactly it leaves to that server, untouched. Only `http`, `sessions` and `pristine` import
the SDK.
"""
