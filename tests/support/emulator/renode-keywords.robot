*** Comments ***
The keywords that network.robot takes from Renode's resource of this name, as far as the stand-in needs them.

*** Settings ***
Library         String
Library         Collections
Library         OperatingSystem

*** Keywords ***
Setup
    Import Library    Remote    http://127.0.0.1:${PORT_NUMBER}/
    Reset Emulation

Teardown
    No Operation

Test Teardown
    Reset Emulation
